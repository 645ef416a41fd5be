import { foldField } from '../mail/fold.ts';
import { encodeWords } from '../mail/word-encoding.ts';

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
  return foldField('Subject', words.every(isPlain) ? words : encodeWords(words.join(' ')));
}

function isPlain(word: string): boolean {
  return /^[!-~]*$/.test(word) && !word.includes('=?') && word.length <= PLAIN_WORD;
}
