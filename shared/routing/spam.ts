import type { SpamRule } from '../settings/settings.ts';
import { comparableText } from './field-texts.ts';
import type { FieldTexts } from './field-texts.ts';

/** The hyphen too: `not-spam` is a verdict of its own. */
const WORD = /[\p{L}\p{N}_-]/u;

/**
 * Whether a field of that name holds the value. As whole words: in `No, score=0.1 tests=BAYES_00` there is a `yes`
 * that nobody meant. Of several fields one is enough: who forges one harms his own mail only.
 */
export function isSpam(rule: SpamRule, textsOf: FieldTexts): boolean {
  const value = comparableText(rule.value);
  return textsOf(rule.header.toLowerCase()).some((text) => holdsWords(text, value));
}

function holdsWords(text: string, words: string): boolean {
  for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + 1)) {
    const end = at + words.length;
    if (!joins(text.charAt(at - 1), words.charAt(0)) && !joins(words.slice(-1), text.charAt(end)))
      return true;
  }
  return false;
}

/** Both belong to one word. */
function joins(before: string, after: string): boolean {
  return WORD.test(before) && WORD.test(after);
}
