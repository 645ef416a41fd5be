import { Failure } from '../failure.ts';
import { FramingLost } from './maildrop.ts';

/** Octets of a line that nobody asked for, of which an error shows the beginning. */
const LONGEST_QUOTE = 512;

/** What a server sends though no answer is due. */
export class StrayOctets {
  private readonly place: string;
  private readonly quote: (text: string) => string;
  private text = '';

  /** @param quote makes a server's text fit to be shown */
  constructor(place: string, quote: (text: string) => string) {
    this.place = place;
    this.quote = quote;
  }

  /**
   * Empty lines between answers do no harm; anything else is a good-bye, or shows that the place is lost.
   * @returns the offset of the first octet not consumed
   * @throws Failure `protocol`
   */
  read(chunk: Buffer, from: number): number {
    const part = chunk.subarray(from, from + LONGEST_QUOTE);
    this.text = (this.text + part.toString('latin1')).trimStart();
    const { text } = this;
    const isWhole = text.includes('\n') || text.length >= LONGEST_QUOTE;
    if (text === '' || !isWhole) return from + part.length;
    const message = `expected nothing more from ${this.place}, got "${this.quote(text)}"`;
    throw /^-ERR\b/i.test(text)
      ? new Failure('protocol', 'temporary', message)
      : new FramingLost(message);
  }
}
