const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const LINE_END = Buffer.from('\r\n');
const LINE_DOT = Buffer.from('\r\n.');
/** Stuffed dots that follow each other within so many octets are worth a move. */
const DENSE_DOTS = 512;
const LONE_CR = LINE_END.subarray(0, 1);

/** Undoes the byte-stuffing of a message and finds its end, step by step. */
export interface Unstuffing {
  /** What the last step released; null when nothing. */
  readonly piece: Buffer | null;
  /** Whether the terminator has been read. */
  readonly ended: boolean;
  /** One step from `from` on; returns the offset of the first octet not consumed. May consume without releasing. */
  next(chunk: Buffer, from: number): number;
}

/**
 * Undoes the byte-stuffing of a multi-line answer and finds its end (RFC 1939 section 3), over any split into chunks.
 *
 * Only CRLF "." CRLF ends a message. A bare LF "." LF does not: mail may hold it, and taking it for the end would cut
 * the message and let its remainder pass for answers of the server.
 * The CRLF before the final dot belongs to the message. All other octets pass untouched, in subarrays of the chunks
 * (packed together in place where dots stand close to each other: the chunk is ours to change).
 */
export class DotUnstuffing implements Unstuffing {
  piece: Buffer | null = null;
  ended = false;
  /** How much of CR LF "." CR has been read but not released: 0 to 4 octets. */
  private held = 2;
  /** The held CRLF is not of the message: the line end of the status line, so that a dot in the first line counts. */
  private beforeFirst = true;

  next(chunk: Buffer, from: number): number {
    this.piece = null;
    return this.held > 0 ? this.resolveHeld(chunk[from], from) : this.scan(chunk, from);
  }

  private scan(chunk: Buffer, from: number): number {
    const at = chunk.indexOf(LINE_DOT, from);
    if (at === -1) {
      this.held = openEnd(chunk, from);
      this.release(chunk, from, chunk.length - this.held);
      return chunk.length;
    }
    const first = chunk[at + 3];
    const second = chunk[at + 4];
    if (first === undefined || (first === CR && second === undefined)) {
      this.held = first === undefined ? 3 : 4;
      this.release(chunk, from, at);
      return chunk.length;
    }
    if (first !== CR || second !== LF) return this.unstuff(chunk, from, at);
    this.release(chunk, from, at + 2);
    this.ended = true;
    return at + 5;
  }

  /**
   * Releases up to and without the stuffed dot of the line end at `at`. Where dots stand close together, as many as
   * this chunk has, moved together to one piece: one for each line of a message of dots would cost more than its octets.
   */
  private unstuff(chunk: Buffer, from: number, at: number): number {
    const following = chunk.indexOf(LINE_DOT, at + 3);
    if (following === -1 || following - at > DENSE_DOTS) {
      this.release(chunk, from, at + 2);
      return at + 3;
    }
    let filled = at + 2;
    let start = at + 3;
    for (let dot = following; isStuffed(chunk, dot); dot = chunk.indexOf(LINE_DOT, start)) {
      chunk.copyWithin(filled, start, dot + 2);
      filled += dot + 2 - start;
      start = dot + 3;
    }
    this.release(chunk, from, filled);
    return start;
  }

  private resolveHeld(octet: number | undefined, from: number): number {
    switch (this.held) {
      case 1:
        if (octet === LF) return this.hold(2, from);
        this.held = 0;
        this.piece = LONE_CR;
        return from;
      case 2:
        if (octet === DOT) return this.hold(3, from);
        return this.releaseLineEnd(0, from);
      case 3:
        if (octet === CR) return this.hold(4, from);
        return this.releaseLineEnd(0, from);
      default:
        // The dot was stuffing, and the CR after it is the message's own.
        if (octet !== LF) return this.releaseLineEnd(1, from);
        this.ended = true;
        return this.releaseLineEnd(0, from + 1);
    }
  }

  private hold(held: number, from: number): number {
    this.held = held;
    return from + 1;
  }

  private releaseLineEnd(held: number, next: number): number {
    this.held = held;
    this.piece = this.beforeFirst ? null : LINE_END;
    this.beforeFirst = false;
    return next;
  }

  private release(chunk: Buffer, from: number, to: number): void {
    if (to > from) this.piece = chunk.subarray(from, to);
  }
}

/** Whether CRLF "." at that place is stuffing for sure; not where it is the terminator, or the chunk ends too soon. */
function isStuffed(chunk: Buffer, at: number): boolean {
  if (at === -1) return false;
  const first = chunk[at + 3];
  const second = chunk[at + 4];
  return first !== undefined && (first === CR ? second !== undefined && second !== LF : true);
}

/** How many octets at the end of the chunk may be the start of a terminator: CR or CRLF. */
function openEnd(chunk: Buffer, from: number): number {
  const last = chunk.length - 1;
  if (chunk[last] === CR) return 1;
  return last > from && chunk[last] === LF && chunk[last - 1] === CR ? 2 : 0;
}
