/** All that an atom ends at. */
const ATOM_END = /["(<>,;:[ \t\r\n]|$/g;
/** What a domain literal (RFC 5322 section 3.4.1) can not hold, or nobody would find the entries behind one left open. */
const LITERAL_END = /[\]"(<>,; \t\r\n]|$/g;
const NOT_BLANK = /[^ \t\r\n]|$/g;

/** Offset behind the atom that begins at `from`. */
export function atomEnd(source: string, from: number): number {
  return find(ATOM_END, source, from);
}

/** Offset of the `]` of the domain literal that begins at `from`, or of what ends it early. */
export function literalEnd(source: string, from: number): number {
  return find(LITERAL_END, source, from);
}

export function behindBlanks(source: string, from: number): number {
  return find(NOT_BLANK, source, from);
}

/** Offset of the quote that ends the quoted string begun at `open`; -1 where there is none. */
export function closingQuote(source: string, open: number): number {
  for (let at = open + 1; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (char === '"') return at;
    if (char === '\\') at += 1;
  }
  return -1;
}

/** Offset of the parenthesis that ends the comment begun at `open`, those within it included (RFC 5322 section 3.2.2); or -1. */
export function closingParenthesis(source: string, open: number): number {
  let depth = 0;
  for (let at = open; at < source.length; at += 1) {
    const char = source.charAt(at);
    if (char === '\\') at += 1;
    else if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

function find(pattern: RegExp, source: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(source)?.index ?? source.length;
}
