import { describe, expect, it } from 'vitest';

import { quoteServerText } from '../../shared/pop3/server-text.ts';

describe('a quoted text of the server', () => {
  it('is one line without control characters', () => {
    expect(quoteServerText('a\u001b[31mb\r\nc\0d\u202ee', [])).toBe('a [31mb c d e');
  });

  it('holds at most 200 octets and no half character', () => {
    expect(quoteServerText('x'.repeat(500), [])).toHaveLength(200);
    const cut = quoteServerText(`x${'ü'.repeat(300)}`, []);
    expect(Buffer.byteLength(cut)).toBe(199);
    expect(cut).toBe(`x${'ü'.repeat(99)}`);
  });

  it.each([
    ['as it is', 'bad PASS s3cr$t!', 's3cr$t!'],
    ['in upper case', 'BAD PASS S3CR$T!', 's3cr$t!'],
    ['with a tab that the clean-up turns into a blank', 'bad PASS a\tb', 'a\tb'],
    ['after a server turned the tab into a blank', 'bad PASS a b', 'a\tb'],
  ])('masks a secret %s', (_, text, secret) => {
    expect(quoteServerText(text, [secret])).toMatch(/^bad pass \*\*\*$/i);
  });

  it('masks before it cuts, so that no part of a secret is left at the cut', () => {
    const text = `${'x'.repeat(195)}hunter2secret`;
    expect(quoteServerText(text, ['hunter2secret'])).not.toContain('hunt');
  });

  it('does not mask for an empty secret', () => {
    expect(quoteServerText('busy', [''])).toBe('busy');
  });
});
