import { CharsetReader, undeclaredText } from './charset.ts';
import { encodedWords } from './encoded-word.ts';
import type { EncodedWord } from './encoded-word.ts';
import { decodeExtendedParameters } from './extended-parameter.ts';

/**
 * A field's value as a person reads it: unfolded, encoded words (RFC 2047) and extended parameters (RFC 2231) decoded,
 * each run of blanks and control characters one blank, none at the ends, accents composed. For rules, explanations
 * and notices; addresses are never read from it (RFC 2047 section 6.2). Takes any octets, never throws, in linear
 * time.
 * @param value raw value with its folding
 */
export function decodedText(value: Buffer): string {
  const charsets = new CharsetReader();
  // A character an octet. Line ends become blanks like those that fold a line, and runs of blanks one.
  const text = value.toString('latin1').replaceAll('\r', ' ').replaceAll('\n', ' ');
  let out = '';
  let run: EncodedWord[] = [];
  let at = 0;
  for (const word of encodedWords(text)) {
    const between = text.slice(at, word.start);
    const adjacent = run.length > 0 && isBlank(between);
    if (!adjacent || !sameCharset(run[0], word)) {
      out += readRun(run, charsets) + (adjacent ? '' : readPlain(between, charsets));
      run = [];
    }
    run.push(word);
    at = word.end;
  }
  out += readRun(run, charsets) + readPlain(text.slice(at), charsets);
  return composed(withoutControls(out));
}

/** Only white space parts them: then it belongs to neither (RFC 2047 section 6.2). */
function isBlank(text: string): boolean {
  return /^[ \t]*$/.test(text);
}

function sameCharset(a: EncodedWord | undefined, b: EncodedWord): boolean {
  return a?.charset.toLowerCase() === b.charset.toLowerCase();
}

/** Read together: many mailers cut a multi-octet character in two (against RFC 2047 section 5). */
function readRun(run: readonly EncodedWord[], charsets: CharsetReader): string {
  const [first] = run;
  if (first === undefined) return '';
  return charsets.read(Buffer.concat(run.map(({ octets }) => octets)), first.charset);
}

function readPlain(text: string, charsets: CharsetReader): string {
  return decodeExtendedParameters(undeclaredText(Buffer.from(text, 'latin1')), charsets);
}

function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
}

/**
 * Combining marks behind 30 others on one letter: more than any script has (Unicode's Stream-Safe limit), and composing
 * is quadratic in them. A thousand at a time, since millions in one match overflow the expression's stack.
 */
const SURPLUS_MARKS = /(?<=\p{M}{30})\p{M}{1,1000}/gu;

/** Some systems write an accent as a character of its own: for a rule `ü` has to be `ü`. */
function composed(text: string): string {
  return text.replace(SURPLUS_MARKS, '').normalize('NFC');
}
