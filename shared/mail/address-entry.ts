import { isUtf8 } from 'node:buffer';

import { GrowingRun, MARK } from './address-run.ts';
import type { Run } from './address-run.ts';
import {
  atomEnd,
  behindBlanks,
  closingParenthesis,
  closingQuote,
  literalEnd,
} from './address-scan.ts';

/** What stands between two separators of an address list. */
export interface AddressEntry {
  /** What stands in angle brackets, without source route; `''` for `<>`. Several where a comma was forgotten. */
  readonly angles: readonly Run[];
  /** All else, in its order: a display name, or a bare address. */
  readonly outside: readonly Run[];
}

/**
 * Cuts an address field into entries (RFC 5322 section 3.4 and 4.4, group names left out), in one pass and without
 * recursion, so that neither length nor nesting costs more than its octets.
 *
 * It reads what mail in the wild has: `;` as a separator, brackets, quotes and comments that nobody closed, forgotten
 * commas. What could be read in two ways gets the mark U+FFFD, so that it is refused rather than taken for somebody
 * else: a comment or blank inside a word, a backslash outside quotes, 8-bit octets that are no UTF-8.
 *
 * @param value raw value with its folding
 */
export function* addressEntries(value: Buffer): Generator<AddressEntry, void> {
  const utf8 = isUtf8(value);
  yield* new EntryReader(value.toString(utf8 ? 'utf8' : 'latin1'), utf8).read();
}

/** Of URLs and of Exchange's addresses. */
const SCHEMES = ['mailto', 'smtp'];

type Gap = 'none' | 'comment' | 'blank';

class EntryReader {
  private readonly source: string;
  private readonly utf8: boolean;
  private at = 0;
  private angles: Run[] = [];
  private outside: Run[] = [];
  private run: GrowingRun | null = null;
  /** What stands between `run` and what comes next. */
  private gap: Gap = 'none';
  private inAngle = false;
  /** A quoted string, or a comment, had no end: from there on each such opening is read as a blank, so that what follows is not lost in it. */
  private quotesOpen = false;
  private commentsOpen = false;

  constructor(source: string, utf8: boolean) {
    this.source = source;
    this.utf8 = utf8;
  }

  *read(): Generator<AddressEntry, void> {
    while (this.at < this.source.length) {
      const char = this.source.charAt(this.at);
      if (this.endsEntry(char)) {
        this.at += 1;
        yield char === ':' ? withoutGroupName(this.entry()) : this.entry();
      } else {
        this.step(char);
      }
    }
    yield this.entry();
  }

  private endsEntry(char: string): boolean {
    if (char === ',') return !this.inRoute();
    return char === ';' || (char === ':' && !this.inAngle);
  }

  private entry(): AddressEntry {
    this.endRun();
    const { angles, outside } = this;
    this.angles = [];
    this.outside = [];
    return { angles, outside };
  }

  private step(char: string): void {
    switch (char) {
      case '"':
        this.quotedString();
        break;
      case '(':
        this.comment();
        break;
      case '<':
        this.openAngle();
        break;
      case '>':
        this.closeAngle();
        break;
      case ':':
        this.colon();
        break;
      case '[':
        this.bracket();
        break;
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        this.blanks();
        break;
      default:
        this.atom(char === ',' ? this.at + 1 : atomEnd(this.source, this.at));
    }
  }

  private atom(end: number): void {
    const text = this.source.slice(this.at, end);
    this.at = end;
    this.append(this.readable(text).replaceAll('\\', MARK), text.includes('@'));
  }

  /** 8-bit text that is no UTF-8 has no known characters. */
  private readable(text: string): string {
    return this.utf8 ? text : text.replace(/[^\0-\x7f]/g, MARK);
  }

  private append(text: string, hasAt: boolean): void {
    const { run, gap } = this;
    this.gap = 'none';
    if (run === null) {
      this.run = new GrowingRun(text, hasAt);
    } else if (gap === 'none' || run.joins(text, hasAt)) {
      run.append(text, hasAt);
    } else if (gap === 'blank' && !this.inAngle) {
      this.endRun();
      this.run = new GrowingRun(text, hasAt);
    } else {
      run.append(MARK + text, hasAt);
    }
  }

  private endRun(): void {
    const run = this.run?.finished();
    if (this.inAngle) this.angles.push(run ?? { text: '', hasAt: false });
    else if (run !== undefined) this.outside.push(run);
    this.run = null;
    this.gap = 'none';
    this.inAngle = false;
  }

  private blanks(): void {
    this.at = behindBlanks(this.source, this.at);
    this.gap = 'blank';
  }

  /** What would open something and has no end is a blank, unless it stands within a word. */
  private unclosed(): void {
    this.at += 1;
    if (this.run !== null && this.gap === 'none') this.append(MARK, false);
    else this.gap = 'blank';
  }

  private quotedString(): void {
    const end = this.quotesOpen ? -1 : closingQuote(this.source, this.at);
    if (end === -1) {
      this.quotesOpen = true;
      this.unclosed();
      return;
    }
    const text = this.source.slice(this.at, end + 1).replace(/[\r\n]+/g, '');
    this.at = end + 1;
    this.append(this.readable(text), false);
  }

  private comment(): void {
    const end = this.commentsOpen ? -1 : closingParenthesis(this.source, this.at);
    if (end === -1) {
      this.commentsOpen = true;
      this.unclosed();
      return;
    }
    this.at = end + 1;
    if (this.gap === 'none') this.gap = 'comment';
  }

  /** A second `<` means that a `>` was forgotten, or that one was written twice. */
  private openAngle(): void {
    this.at += 1;
    if (this.inAngle && this.run === null) return;
    this.endRun();
    this.inAngle = true;
  }

  private closeAngle(): void {
    this.at += 1;
    if (this.inAngle) this.endRun();
    else this.gap = 'blank';
  }

  /** Within brackets: a source route (RFC 5321 appendix C) ends, or the scheme of a URL that was copied there. */
  private colon(): void {
    if (this.run?.startsWith('@') === true || this.run?.isOneOf(SCHEMES) === true) {
      this.at += 1;
      this.run = null;
      this.gap = 'none';
    } else {
      this.atom(this.at + 1);
    }
  }

  /** A source route has commas of its own, each with an `@` or nothing behind; elsewhere one means that the `>` was forgotten. */
  private inRoute(): boolean {
    if (!this.inAngle || this.run?.startsWith('@') !== true) return false;
    return ['@', ',', ':'].includes(this.source.charAt(behindBlanks(this.source, this.at + 1)));
  }

  /** Within a domain literal a colon is no group's. */
  private bracket(): void {
    if (this.run?.endsWith('@') !== true) {
      this.atom(this.at + 1);
      return;
    }
    const end = literalEnd(this.source, this.at);
    this.atom(this.source[end] === ']' ? end + 1 : end);
  }
}

/** No group's name has an `@` outside quotes; a source route without its brackets begins with one. */
function withoutGroupName({ angles, outside }: AddressEntry): AddressEntry {
  return { angles, outside: outside.filter(({ text, hasAt }) => hasAt && !text.startsWith('@')) };
}
