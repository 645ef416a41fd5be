import { foldField } from '../mail/fold.ts';

/** Octets of text in one encoded word: 60 in base64, 75 with all around (RFC 2047 section 2). */
const WORD_OCTETS = 45;
/** A longer one would not fit a line beside the field's name. */
const PLAIN_WORD = 64;

/**
 * The Subject field, folded, without the line end. Words that a stranger wrote may stand in it: controls and line ends
 * become blanks, and what is not plain ASCII goes into encoded words.
 */
export function subjectField(text: string): string {
  const words = text
    .replaceAll(/[\p{C}\p{Z}\s]+/gu, ' ')
    .trim()
    .split(' ');
  return foldField('Subject', words.every(isPlain) ? words : encodedWords(words.join(' ')));
}

function isPlain(word: string): boolean {
  return /^[!-~]*$/.test(word) && !word.includes('=?') && word.length <= PLAIN_WORD;
}

/** Cut between characters, never within one (RFC 2047 section 5). */
function encodedWords(text: string): string[] {
  const words: string[] = [];
  let piece = '';
  for (const char of text) {
    if (Buffer.byteLength(piece + char) > WORD_OCTETS) {
      words.push(encodedWord(piece));
      piece = '';
    }
    piece += char;
  }
  return [...words, encodedWord(piece)];
}

function encodedWord(text: string): string {
  return `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`;
}
