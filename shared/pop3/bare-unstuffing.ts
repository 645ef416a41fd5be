import type { Unstuffing } from './dot-unstuffing.ts';

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const LINE_END = Buffer.from('\n');
const LINE_DOT = Buffer.from('\n.');

/**
 * {@link Unstuffing} for a server whose lines all end in a bare LF: the terminator is a dot between two of them, and
 * dots are stuffed behind each. All octets pass as they came, with no CR put in.
 */
export class BareUnstuffing implements Unstuffing {
  piece: Buffer | null = null;
  ended = false;
  /** How much of LF "." CR has been read but not released: 0 to 3 octets. */
  private held = 1;
  /** The held LF is not of the message but of the status line. */
  private beforeFirst = true;

  next(chunk: Buffer, from: number): number {
    this.piece = null;
    return this.held > 0 ? this.resolveHeld(chunk[from], from) : this.scan(chunk, from);
  }

  private scan(chunk: Buffer, from: number): number {
    const at = chunk.indexOf(LINE_DOT, from);
    const open = at === -1 && chunk.at(-1) === LF ? chunk.length - 1 : -1;
    const end = at === -1 ? open : at;
    this.held = at === -1 ? Number(open !== -1) : 2;
    const to = end === -1 ? chunk.length : end;
    if (to > from) this.piece = chunk.subarray(from, to);
    return to + this.held;
  }

  private resolveHeld(octet: number | undefined, from: number): number {
    if (this.held === 1 && octet === DOT) return this.hold(2, from);
    if (this.held === 2 && octet === CR) return this.hold(3, from);
    if (this.held >= 2 && octet === LF) {
      this.ended = true;
      this.releaseLineEnd();
      return from + 1;
    }
    // The dot was stuffing. A CR behind it belongs to the line, and passes with the octet that follows.
    const isLoneCr = this.held === 3;
    this.releaseLineEnd();
    if (isLoneCr) this.piece = Buffer.concat([this.piece ?? Buffer.alloc(0), Buffer.from([CR])]);
    return from;
  }

  private hold(held: number, from: number): number {
    this.held = held;
    return from + 1;
  }

  private releaseLineEnd(): void {
    this.held = 0;
    this.piece = this.beforeFirst ? null : LINE_END;
    this.beforeFirst = false;
  }
}
