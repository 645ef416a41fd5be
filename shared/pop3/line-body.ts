import { Failure } from '../failure.ts';
import { POP3_LISTING_LINE_OCTETS, POP3_LISTING_LINES } from '../limits.ts';
import type { LineEnds } from './line-ends.ts';
import type { BodyStep, ReplyBody } from './reply-body.ts';

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;

/**
 * Reads an answer of short lines (CAPA, LIST, UIDL). Lines may end in a bare LF, as some servers write them: unlike a
 * message, such a line has no octets of its own that this could cut.
 */
export class LineBody implements ReplyBody {
  /** Lines above 8 KiB, which are dropped. */
  overlong = 0;
  private held: Buffer = Buffer.alloc(0);
  private skipping = false;
  private octets = 0;
  private lines = 0;
  private readonly what: string;
  private readonly maxOctets: number;
  private readonly lineEnds: LineEnds;
  private readonly take: (line: Buffer) => void;

  /** @param take called for each line, without its line end; the buffer is valid during the call only */
  constructor(what: string, maxOctets: number, lineEnds: LineEnds, take: (line: Buffer) => void) {
    this.what = what;
    this.maxOctets = maxOctets;
    this.lineEnds = lineEnds;
    this.take = take;
  }

  read(chunk: Buffer, from: number): BodyStep {
    let start = from;
    while (start < chunk.length) {
      const end = chunk.indexOf(LF, start);
      const next = end === -1 ? chunk.length : end + 1;
      this.count(next - start);
      if (end === -1) this.hold(chunk.subarray(start));
      else if (this.endLine(chunk.subarray(start, end))) return { next, ended: true };
      start = next;
    }
    return { next: start, ended: false };
  }

  private count(octets: number): void {
    this.octets += octets;
    if (this.octets > this.maxOctets) throw this.tooLong(`${this.maxOctets} octets`);
    if (this.lines > POP3_LISTING_LINES) throw this.tooLong(`${POP3_LISTING_LINES} lines`);
  }

  private hold(part: Buffer): void {
    if (this.skipping) return;
    this.skipping = this.held.length + part.length > POP3_LISTING_LINE_OCTETS;
    this.held = this.skipping ? Buffer.alloc(0) : Buffer.concat([this.held, part]);
  }

  /** Whether this was the terminator. */
  private endLine(part: Buffer): boolean {
    const tooLong = this.skipping || this.held.length + part.length > POP3_LISTING_LINE_OCTETS;
    const whole = this.held.length === 0 ? part : Buffer.concat([this.held, part]);
    this.held = Buffer.alloc(0);
    this.skipping = false;
    this.lines += 1;
    if (tooLong) {
      this.overlong += 1;
      return false;
    }
    const isCrlf = whole.at(-1) === CR;
    this.lineEnds.note(isCrlf);
    const line = isCrlf ? whole.subarray(0, -1) : whole;
    if (line.length === 1 && line[0] === DOT) return true;
    this.take(line);
    return false;
  }

  private tooLong(limit: string): Failure {
    return new Failure(
      'protocol',
      'temporary',
      `expected the end of the answer to ${this.what} within ${limit}, got more`,
    );
  }
}
