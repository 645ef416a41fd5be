import { isUtf8 } from 'node:buffer';

/**
 * Prepares the text of an address field for a parser, so that what it would misread reads one way only:
 * comments and folding go, a `<` that nobody closes is closed, and what makes an address ambiguous gets the mark
 * U+FFFD, which no address may hold. Display names may be garbled by this; nobody reads them.
 *
 * What it guards against, each seen to name another mailbox than the one meant:
 * a control character that is dropped (`a<NUL>b@x` read as `ab@x`); a quoted string next to an atom or dot
 * (`"a"."b"@x` read as `b@x`); a comment or blank inside a local part (`a.(c)b@x`, `<a b@x>`, both read as `b@x`);
 * a missing `>` that swallows the addresses behind it (`<a@x, b@y`).
 */
export function addressText(value: Buffer): string {
  const utf8 = isUtf8(value);
  return new AddressText(value.toString(utf8 ? 'utf8' : 'latin1'), utf8).read();
}

const MARK = '\ufffd';
/** Nothing on either side of these can run together. */
const SEPARATORS = ' ,;:<>';
const JOINTS = '.@';
/** What may follow a quoted string without making one word with it. */
const BEHIND_QUOTES = `${SEPARATORS}@(\t\r\n`;
const CONTROL = /\p{Cc}/u;
const UNICODE_SPACE = /[^\S\t\n\r ]/;

class AddressText {
  private readonly source: string;
  private readonly utf8: boolean;
  private readonly out: string[] = [];
  private at = 0;
  /** A quoted string was left open: from there on quotes are read as nothing, so that the rest is not lost in it. */
  private unclosed = false;
  private angle: 'none' | 'path' | 'route' = 'none';

  constructor(source: string, utf8: boolean) {
    this.source = source;
    this.utf8 = utf8;
  }

  read(): string {
    while (this.at < this.source.length) this.step(this.source.charAt(this.at));
    return this.out.join('');
  }

  private step(char: string): void {
    if (char === '"') this.quotedString();
    else if (char === '(') this.gap();
    else if (char === '<') this.open();
    else if (char === '>') this.close();
    else if (char === ',' || char === ';') this.separator(char);
    else if (isFolding(char)) this.gap();
    else this.plain(char);
  }

  private plain(char: string): void {
    this.at += 1;
    if (char === ':' && this.angle === 'route') this.angle = 'path';
    if (char === '@' && this.angle === 'path' && this.last() === '<') this.angle = 'route';
    this.out.push(this.safe(char));
  }

  /** A backslash has no meaning out here, yet parsers differ on what it escapes; 8-bit text that is no UTF-8 has no known characters. */
  private safe(char: string): string {
    if (char === '\\' || CONTROL.test(char) || UNICODE_SPACE.test(char)) return MARK;
    return !this.utf8 && char > '\u007f' ? MARK : char;
  }

  private quotedString(): void {
    const start = this.at;
    this.at += 1;
    const end = this.unclosed ? -1 : this.closingQuote();
    if (end === -1) {
      this.unclosed = true;
      return;
    }
    const glued = !SEPARATORS.includes(this.last());
    for (const char of this.source.slice(start, end)) {
      if (char !== '\r' && char !== '\n') this.out.push(this.safeQuoted(char));
    }
    this.out.push('"');
    this.at = end + 1;
    if (glued || !BEHIND_QUOTES.includes(this.source.charAt(this.at))) this.out.push(MARK);
  }

  private closingQuote(): number {
    for (let at = this.at; at < this.source.length; at += 1) {
      const char = this.source.charAt(at);
      if (char === '"') return at;
      if (char === '\\') at += 1;
    }
    return -1;
  }

  private safeQuoted(char: string): string {
    if (CONTROL.test(char) && char !== '\t') return MARK;
    return !this.utf8 && char > '\u007f' ? MARK : char;
  }

  /** A run of comments and blanks: nothing beside a joint, a blank beside a separator, a mark inside a word. */
  private gap(): void {
    let comment = false;
    let blank = false;
    for (;;) {
      const char = this.source.charAt(this.at);
      if (char === '(') {
        this.skipComment();
        comment = true;
      } else if (isFolding(char)) {
        this.at += 1;
        blank = true;
      } else {
        break;
      }
    }
    this.out.push(this.joined(this.last(), this.source.charAt(this.at), comment && !blank));
  }

  private joined(before: string, after: string, gluedComment: boolean): string {
    if (SEPARATORS.includes(before) || SEPARATORS.includes(after)) return ' ';
    const inside = this.angle !== 'none' || gluedComment;
    if (!inside) return ' ';
    return JOINTS.includes(before) || JOINTS.includes(after) ? '' : MARK;
  }

  private skipComment(): void {
    let depth = 0;
    while (this.at < this.source.length) {
      const char = this.source.charAt(this.at);
      this.at += char === '\\' ? 2 : 1;
      if (char === '(') depth += 1;
      if (char === ')') depth -= 1;
      if (depth === 0) return;
    }
  }

  private open(): void {
    this.at += 1;
    if (this.angle !== 'none') return;
    this.angle = 'path';
    this.out.push('<');
  }

  private close(): void {
    this.at += 1;
    this.out.push(this.angle === 'none' ? ' ' : '>');
    this.angle = 'none';
  }

  /** A source route (RFC 5321 appendix C) has commas of its own; elsewhere one means that the `>` was forgotten. */
  private separator(char: string): void {
    this.at += 1;
    if (this.angle === 'path' || char === ';') {
      if (this.angle !== 'none') this.out.push('>');
      this.angle = 'none';
    }
    this.out.push(char);
  }

  private last(): string {
    return this.out.at(-1) ?? ' ';
  }
}

function isFolding(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}
