import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';

import { subjectField } from '../../shared/notice/subject-field.ts';

describe('subjectField', () => {
  it('leaves plain words plain, and folds them', () => {
    expect(subjectField('Mailbox sales: two words')).toBe('Subject: Mailbox sales: two words');
    expect(subjectField('word '.repeat(30))).toMatch(/^Subject:(?: word)+(?:\r\n(?: word)+)+$/);
  });

  it('opens no other field, whatever a stranger wrote', () => {
    expect(subjectField('a\r\nBcc: x@y.example\0')).toBe('Subject: a Bcc: x@y.example');
    expect(subjectField('=?UTF-8?Q?=0D=0ABcc:_x?=')).toMatch(
      /^Subject: =\?UTF-8\?B\?[A-Za-z0-9+/=]+\?=$/,
    );
  });

  it('cuts between characters', () => {
    const field = subjectField('👋'.repeat(30));
    for (const word of field.matchAll(/=\?UTF-8\?B\?([^?]+)\?=/g)) {
      expect(word[0].length).toBeLessThanOrEqual(75);
      expect(Buffer.from(word[1] ?? '', 'base64').toString()).not.toContain('\ufffd');
    }
  });

  it('reads as it was written, but for blanks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 120 }), async (text) => {
        const field = subjectField(text);
        for (const line of field.split('\r\n')) expect(line).toMatch(/^[ -~]{1,78}$/);
        const { subject } = await simpleParser(`${field}\r\n\r\n`);
        const blanked = (words: string) => words.replaceAll(/[\p{C}\p{Z}\s]+/gu, ' ').trim();
        expect(blanked(subject ?? '')).toBe(blanked(text));
      }),
      { numRuns: 200 },
    );
  });
});
