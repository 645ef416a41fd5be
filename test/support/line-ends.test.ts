import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { asSentByDovecot, asSentBySmtp, asStoredOnUnix } from './line-ends.ts';

/** Short texts of the octets that matter, so that every mixture of line ends comes up. */
const lineEnds = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', 'x', '.', '\0', '\xff'), { maxLength: 12 })
  .map((parts) => Buffer.from(parts.join(''), 'latin1'));

describe('line ends', () => {
  it.each([
    ['', '\r\n', ''],
    ['a', 'a\r\n', 'a\r\n'],
    ['a\nb\n', 'a\r\nb\r\n', 'a\r\nb\r\n'],
    ['a\r\nb\n', 'a\r\nb\r\n', 'a\r\nb\r\n'],
    ['a\rb\n', 'a\rb\r\n', 'a\r\nb\r\n'],
    ['a\r\r\n', 'a\r\r\n', 'a\r\n\r\n'],
  ])('of %j are %j from Dovecot and %j over SMTP', (stored, dovecot, smtp) => {
    expect(asSentByDovecot(Buffer.from(stored)).toString()).toBe(dovecot);
    expect(asSentBySmtp(Buffer.from(stored)).toString()).toBe(smtp);
  });

  it('are CRLF and nothing else over SMTP, and come back from a Unix store', () => {
    fc.assert(
      fc.property(lineEnds, (message) => {
        const sent = asSentBySmtp(message);
        expect(sent.toString('latin1').replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
        expect(asSentBySmtp(asStoredOnUnix(sent))).toEqual(sent);
      }),
    );
  });
});
