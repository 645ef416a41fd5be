import { DotUnstuffing } from './dot-unstuffing.ts';
import type { MailSink } from './maildrop.ts';
import type { BodyStep, ReplyBody } from './reply-body.ts';

/** Streams one message to its sink as it comes, at the sink's pace. */
export class MessageBody implements ReplyBody {
  /** Whether the server sent nothing but the terminator. */
  empty = true;
  private readonly unstuffing = new DotUnstuffing();
  private readonly sink: MailSink;

  constructor(sink: MailSink) {
    this.sink = sink;
  }

  read(chunk: Buffer, from: number): BodyStep {
    let next = from;
    while (next < chunk.length) {
      next = this.unstuffing.next(chunk, next);
      const { piece, ended } = this.unstuffing;
      const wait = piece === null ? undefined : this.hand(piece);
      if (wait !== undefined) return { next, ended, wait };
      if (ended) return { next, ended };
    }
    return { next, ended: false };
  }

  private hand(piece: Buffer): Promise<void> | undefined {
    this.empty = false;
    return this.sink.write(piece) ?? undefined;
  }
}
