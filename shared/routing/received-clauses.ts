import { closingQuote } from '../mail/address-scan.ts';

/** What a Received field says of the host that wrote it, and of whom it had the message for. */
export interface ReceivedClauses {
  /** The host after `by`; null: there is none. */
  readonly by: string | null;
  /** What stands after each `for`, as written. */
  readonly recipients: readonly string[];
}

/** A longer field is no server's; octets. */
const MAX_OCTETS = 16 * 1024;
const NOTHING: ReceivedClauses = { by: null, recipients: [] };

/** Clauses with a value of one word that is not looked at. */
const SKIPPED = new Set(['from', 'via', 'with', 'id']);
const KEYWORDS = new Set([...SKIPPED, 'by', 'for']);

/**
 * Reads `from … by HOST … for ADDRESS; date` (RFC 5321 section 4.4) as servers write it: comments are dropped, a quoted
 * string is part of its word, and the date behind the last `;` is cut off. A `for` counts only behind `by`.
 *
 * A comment or quoted string without an end may be the sender's doing, who names himself in front of everything. Who
 * wrote the line is read all the same, or one that the sender forged below would count as the topmost; but no `for`.
 * @param value raw value with its folding
 */
export function receivedClauses(value: Buffer): ReceivedClauses {
  if (value.length > MAX_OCTETS) return NOTHING;
  const { words, isSound } = new WordReader(value.toString('latin1')).read();
  let by: string | null = null;
  const recipients: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const keyword = keywordAt(words, at);
    if (keyword === null) continue;
    const end = valueEnd(words, at);
    if (keyword === 'by') by ??= words[at + 1] ?? null;
    else if (keyword === 'for' && by !== null) recipients.push(...recipientWords(words, at + 1));
    at = end - 1;
  }
  return { by, recipients: isSound ? recipients : [] };
}

function keywordAt(words: readonly string[], at: number): string | null {
  const word = (words[at] ?? '').toLowerCase();
  return KEYWORDS.has(word) ? word : null;
}

/**
 * Behind the value of a clause. It is one word, also one that looks like a keyword: a host may call itself `for`. Where
 * the value was a comment alone there is none, and the next clause begins.
 */
function valueEnd(words: readonly string[], keyword: number): number {
  const isMissing =
    keywordAt(words, keyword + 1) !== null && keywordAt(words, keyword + 2) === null;
  return isMissing ? keyword + 1 : keyword + 2;
}

/** The word behind `for`, and more of them where addresses follow in words of their own. */
function recipientWords(words: readonly string[], start: number): readonly string[] {
  const first = angleEnd(words, start);
  const found = start < words.length ? [words.slice(start, first).join(' ')] : [];
  for (let at = first; at < words.length && keywordAt(words, at) === null; at += 1) {
    const word = words[at] ?? '';
    if (word.includes('@')) found.push(word);
  }
  return found;
}

/** Behind the word, or behind the bracket that it opens: some servers fold there. */
function angleEnd(words: readonly string[], start: number): number {
  if (words[start]?.startsWith('<') !== true) return start + 1;
  const close = words.findIndex((word, at) => at >= start && word.includes('>'));
  return close === -1 ? start + 1 : close + 1;
}

interface ClauseWords {
  /** Those before the date. */
  readonly words: readonly string[];
  /** Each comment and quoted string among them has its end. */
  readonly isSound: boolean;
}

class WordReader {
  readonly #text: string;
  readonly #commentEnds: ReadonlyMap<number, number>;
  readonly #words: string[] = [];
  #word = '';
  #date: number | null = null;
  /** Words before the first comment or quoted string without an end; null: each has its end. */
  #openAt: number | null = null;
  /** One had no end: no later one has, and none is looked for again. */
  #quotesOpen = false;

  constructor(text: string) {
    this.#text = text;
    this.#commentEnds = closingParentheses(text);
  }

  read(): ClauseWords {
    for (let at = 0; at < this.#text.length; at += 1) at = this.#take(at);
    this.#endWord();
    const end = this.#date ?? this.#words.length;
    return { words: this.#words.slice(0, end), isSound: (this.#openAt ?? Infinity) > end };
  }

  /** @returns the offset of the last character taken */
  #take(at: number): number {
    const char = this.#text.charAt(at);
    if (char === '(') return this.#comment(at);
    if (char === '"') return this.#quotedString(at);
    if (char === ';') {
      this.#endWord();
      this.#date = this.#words.length;
      this.#words.push(';');
    } else if (char <= ' ' || char === '\u007f') {
      this.#endWord();
    } else {
      this.#word += char;
    }
    return at;
  }

  #comment(at: number): number {
    const end = this.#commentEnds.get(at);
    this.#endWord();
    if (end === undefined) this.#openAt ??= this.#words.length;
    return end ?? at;
  }

  #quotedString(at: number): number {
    const end = this.#quotesOpen ? -1 : closingQuote(this.#text, at);
    if (end === -1) {
      this.#quotesOpen = true;
      this.#endWord();
      this.#openAt ??= this.#words.length;
      return at;
    }
    this.#word += this.#text.slice(at, end + 1);
    return end;
  }

  #endWord(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}

/** Offset of each parenthesis that opens a comment, those within another included, to that of the one that closes it. */
function closingParentheses(text: string): ReadonlyMap<number, number> {
  const ends = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\' && open.length > 0) at += 1;
    else if (char === '(') open.push(at);
    else if (char === ')') {
      const start = open.pop();
      if (start !== undefined) ends.set(start, at);
    }
  }
  return ends;
}
