import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodedText } from '../../shared/mail/decoded-text.ts';
import { encodeWords } from '../../shared/mail/word-encoding.ts';
import { anyCharacter } from './any-character.ts';

describe('encodeWords', () => {
  it.each([
    ['a'.repeat(45), 1],
    ['a'.repeat(46), 2],
    ['ü'.repeat(22), 1],
    ['ü'.repeat(23), 2],
    ['\u{1f4ee}'.repeat(11), 1],
    ['\u{1f4ee}'.repeat(12), 2],
    ['', 1],
  ])('%j takes %i', (text, count) => {
    expect(encodeWords(text)).toHaveLength(count);
  });

  it('makes words of at most 75 characters, with whole characters in each', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 200 }), (given) => {
        const text = given.toWellFormed();
        const words = encodeWords(text);
        for (const word of words) expect(word.length).toBeLessThanOrEqual(75);
        expect(words.map(payload).join('')).toBe(text);
      }),
    );
  });

  it('makes words that are read as one text', () => {
    const text = 'Grüße aus Köln \u{1f4ee} und von überall her, wo man Umlaute mag';
    expect(decodedText(Buffer.from(encodeWords(text).join(' ')))).toBe(text);
  });
});

function payload(word: string): string {
  const [, base64 = ''] = /^=\?UTF-8\?B\?([A-Za-z0-9+/]*=*)\?=$/.exec(word) ?? [];
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
    Buffer.from(base64, 'base64'),
  );
}
