/** Stands for what cannot be read in one way only; no address may hold it. */
export const MARK = '\ufffd';

/** Text of an address list's entry without blanks and comments inside: `chris@corp.example`, or a word of a name. */
export interface Run {
  /** Quoted strings as written, with their quotes and escapes, unfolded. May hold the {@link MARK}. */
  readonly text: string;
  /** Whether an `@` stands in it outside quotes. */
  readonly hasAt: boolean;
}

/** A run that still grows. What it is asked for between two pieces costs no look at the whole. */
export class GrowingRun {
  private readonly pieces: string[] = [];
  private length: number;
  private hasAt: boolean;

  constructor(text: string, hasAt: boolean) {
    this.pieces.push(text);
    this.length = text.length;
    this.hasAt = hasAt;
  }

  append(text: string, hasAt: boolean): void {
    this.pieces.push(text);
    this.length += text.length;
    this.hasAt ||= hasAt;
  }

  startsWith(char: string): boolean {
    return this.pieces[0]?.startsWith(char) === true;
  }

  endsWith(char: string): boolean {
    return this.pieces.at(-1)?.endsWith(char) === true;
  }

  /** Whether it is one of these words, in lower case. */
  isOneOf(words: readonly string[]): boolean {
    return words.some((word) => word.length === this.length && word === this.text().toLowerCase());
  }

  /**
   * Beside an `@` or a dot a blank or comment means nothing (RFC 5322 section 4.4), unless a second address begins
   * there.
   */
  joins(next: string, nextHasAt: boolean): boolean {
    const joint = ['.', '@'].some((char) => this.endsWith(char) || next.startsWith(char));
    return joint && !(this.hasAt && nextHasAt && !next.startsWith('@'));
  }

  finished(): Run {
    return { text: this.text(), hasAt: this.hasAt };
  }

  private text(): string {
    return this.pieces.join('');
  }
}
