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
 * @param value raw value with its folding
 */
export function receivedClauses(value: Buffer): ReceivedClauses {
  if (value.length > MAX_OCTETS) return NOTHING;
  const words = clauseWords(value.toString('latin1'));
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
  return { by, recipients };
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
  const found = words.slice(start, start + 1);
  for (let at = start + 1; at < words.length && keywordAt(words, at) === null; at += 1) {
    const word = words[at] ?? '';
    if (word.includes('@')) found.push(word);
  }
  return found;
}

/** The words before the date. */
function clauseWords(text: string): readonly string[] {
  const words: string[] = [];
  let date = -1;
  let word = '';
  const endWord = (): void => {
    if (word !== '') words.push(word);
    word = '';
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '(') {
      at = commentEnd(text, at);
      endWord();
    } else if (char === '"') {
      const end = quoteEnd(text, at);
      word += text.slice(at, end + 1);
      at = end;
    } else if (char === ';') {
      endWord();
      date = words.length;
      words.push(';');
    } else if (char <= ' ' || char === '\u007f') {
      endWord();
    } else {
      word += char;
    }
  }
  endWord();
  return date === -1 ? words : words.slice(0, date);
}

/** Offset of the `)` that closes a comment, comments within counted; the end where it is never closed. */
function commentEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\') at += 1;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
}

/** Offset of the closing quote; where there is none the rest is one word, and no clause. */
function quoteEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\') at += 1;
    else if (char === '"') return at;
  }
  return text.length;
}
