import { POP3_STATUS_LINE_OCTETS } from '../limits.ts';
import type { Command } from './command.ts';
import { FramingLost } from './maildrop.ts';
import type { LineEnds } from './line-ends.ts';
import type { StatusLine } from './status-line.ts';
import { parseStatusLine } from './status-line.ts';

const CR = 0x0d;
const LF = 0x0a;
const NOTHING = Buffer.alloc(0);

/** A command on its way and what has been read of its answer. */
export class Exchange {
  readonly command: Command;
  readonly octets: Buffer;
  /** The status line once it has been read whole. */
  reply: StatusLine | null = null;
  readonly answer: Promise<StatusLine>;
  private readonly settle: PromiseWithResolvers<StatusLine>;
  private held: Buffer = NOTHING;

  constructor(command: Command, octets: Buffer) {
    this.command = command;
    this.octets = octets;
    this.settle = Promise.withResolvers();
    this.answer = this.settle.promise;
    // A reset rejects all answers at once: one that nobody awaits yet must not end the process.
    this.answer.catch(() => undefined);
  }

  /**
   * Reads the status line, over any split; returns the offset of the first octet not consumed.
   * A bare LF ends it as well: some servers write their own lines so. Empty lines before it are passed over.
   * @throws FramingLost for a line too long or no status line
   */
  readStatus(
    chunk: Buffer,
    from: number,
    quote: (text: string) => string,
    lineEnds: LineEnds,
  ): number {
    const end = chunk.indexOf(LF, from);
    const part = chunk.subarray(from, end === -1 ? chunk.length : end);
    // A part is copied: the chunk is lent for this call.
    const whole = end !== -1 && this.held.length === 0;
    this.held = whole ? part : Buffer.concat([this.held, part]);
    if (this.held.length > POP3_STATUS_LINE_OCTETS) {
      throw this.unexpected(`a line above ${POP3_STATUS_LINE_OCTETS} octets`);
    }
    if (end === -1) return chunk.length;
    const isCrlf = this.held.at(-1) === CR;
    const line = isCrlf ? this.held.subarray(0, -1) : this.held;
    this.held = NOTHING;
    if (line.length === 0) return end + 1;
    lineEnds.note(isCrlf);
    const reply = parseStatusLine(line, this.command.challenge);
    if (reply === null) throw this.unexpected(`"${quote(line.toString('latin1'))}"`);
    if (reply.status === 'continue' && this.command.challenge !== true) {
      throw this.unexpected('a SASL challenge');
    }
    this.reply = reply;
    return end + 1;
  }

  /** Whether lines follow the status line. */
  get hasBody(): boolean {
    return this.reply?.status === 'ok' && this.command.body !== undefined;
  }

  resolve(reply: StatusLine): void {
    this.settle.resolve(reply);
  }

  reject(error: Error): void {
    this.settle.reject(error);
  }

  private unexpected(got: string): FramingLost {
    return new FramingLost(`expected +OK or -ERR to ${this.command.name}, got ${got}`);
  }
}
