import { BareUnstuffing } from './bare-unstuffing.ts';
import { DotUnstuffing } from './dot-unstuffing.ts';
import type { Unstuffing } from './dot-unstuffing.ts';
import type { LineEnds } from './line-ends.ts';
import type { MailSink } from './maildrop.ts';
import type { BodyStep, ReplyBody } from './reply-body.ts';

const STATUS = /^(?:\+OK|-ERR)(?:[ \r\n]|$)/i;
const LONGEST_STATUS = '-ERR '.length;

/** Streams one message to its sink as it comes, at the sink's pace. */
export class MessageBody implements ReplyBody {
  /** Whether the server sent nothing but the terminator. */
  empty = true;
  /** The first octets, as far as they matter here. */
  private beginning = '';
  private unstuffing: Unstuffing | null = null;
  private readonly sink: MailSink;
  private readonly lineEnds: LineEnds;

  constructor(sink: MailSink, lineEnds: LineEnds) {
    this.sink = sink;
    this.lineEnds = lineEnds;
  }

  read(chunk: Buffer, from: number): BodyStep {
    // Decided at the first octet: the status line of this very answer counts too.
    const unstuffing = (this.unstuffing ??= unstuffingFor(this.lineEnds));
    let next = from;
    while (next < chunk.length) {
      next = unstuffing.next(chunk, next);
      const { piece, ended } = unstuffing;
      const wait = piece === null ? undefined : this.hand(piece);
      if (wait !== undefined) return { next, ended, wait };
      if (ended) return { next, ended };
    }
    return { next, ended: false };
  }

  /** Whether the message begins as a status line does. */
  get beginsWithStatus(): boolean {
    return STATUS.test(this.beginning);
  }

  private hand(piece: Buffer): Promise<void> | undefined {
    this.empty = false;
    const missing = LONGEST_STATUS - this.beginning.length;
    if (missing > 0) this.beginning += piece.toString('latin1', 0, missing);
    return this.sink.write(piece) ?? undefined;
  }
}

function unstuffingFor(lineEnds: LineEnds): Unstuffing {
  return lineEnds.allBare ? new BareUnstuffing() : new DotUnstuffing();
}
