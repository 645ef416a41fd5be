import type { JobSender } from '../../../shared/queue/job-queue.ts';

interface Waiting<Job> {
  readonly jobs: readonly Job[];
  readonly sent: () => void;
  readonly failed: (reason: unknown) => void;
}

/**
 * One send for all records of a batch that are worked on together: a job each would cost a request each. What was
 * given to it goes out as soon as every piece of work under way waits here; no timer, and no work that waits in vain.
 */
export class SharedSend<Job> implements JobSender<Job> {
  readonly #sender: JobSender<Job>;
  #working = 0;
  #waiting: Waiting<Job>[] = [];

  constructor(sender: JobSender<Job>) {
    this.#sender = sender;
  }

  /** Counts the work while it lasts: who sends outside of this is not waited for. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#working += 1;
    try {
      return await work();
    } finally {
      this.#working -= 1;
      this.#sendIfAllWait();
    }
  }

  /** Durable when it resolves, as the port asks. */
  send(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return Promise.resolve();
    return new Promise((sent, failed) => {
      this.#waiting.push({ jobs, sent, failed });
      // Not before the rest of the batch has begun, which it does in this same turn.
      queueMicrotask(() => {
        this.#sendIfAllWait();
      });
    });
  }

  #sendIfAllWait(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.#working) return;
    const together = this.#waiting;
    this.#waiting = [];
    this.#sender.send(together.flatMap(({ jobs }) => jobs)).then(
      () => {
        for (const { sent } of together) sent();
      },
      (reason: unknown) => {
        for (const { failed } of together) failed(reason);
      },
    );
  }
}
