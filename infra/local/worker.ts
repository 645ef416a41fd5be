import { asFailure } from '../../shared/failure.ts';
import type { Log } from '../../shared/observe/log.ts';
import { aboutJob } from '../../shared/queue/job-queue.ts';
import type { JobOutcome, JobSource, ReceivedJob } from '../../shared/queue/job-queue.ts';

export interface WorkerOptions<Job> {
  readonly name: string;
  readonly source: JobSource<Job>;
  readonly handle: (job: Job) => Promise<JobOutcome>;
  /** Jobs at once; asked again before each receive, since settings may change. */
  readonly concurrency: () => number;
  /** How long a job is hidden while it is handled. Longer than any handling may take. */
  readonly visibilityMs: number;
  readonly now: () => number;
  readonly log: Log;
}

/** Without a wake-up a worker looks this often: jobs that were put off come due by time alone. */
const POLL_MS = 1000;
/** Jobs received at once, as a multiple of those handled at once. */
const RECEIVED_AHEAD = 2;
/** A job that threw comes again after this, times its receives, up to an hour. */
const FAULT_PAUSE_MS = 30_000;
const FAULT_PAUSE_MAX_MS = 3_600_000;

/**
 * The embedded host's event source: receives jobs and handles several at once, as Lambda does for SQS. A job that
 * throws is put off, never dropped, and stops no other.
 */
export class Worker<Job> {
  readonly #options: WorkerOptions<Job>;
  readonly #active = new Set<Promise<void>>();
  /** Received ahead, so that one commit serves several jobs. */
  #received: ReceivedJob<Job>[] = [];
  /** Answers to the queue on their way: not waited for by the next job, which shares their commit. */
  readonly #answers = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #filling: Promise<void> | null = null;
  #again = false;
  #stopped = true;
  #idleWaiters: (() => void)[] = [];

  constructor(options: WorkerOptions<Job>) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#timer = setInterval(() => {
      this.wake();
    }, POLL_MS);
    this.wake();
  }

  /** There may be jobs. Cheap to call too often. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#filling !== null) {
      this.#again = true;
      return;
    }
    this.#again = false;
    this.#filling = this.#fill()
      .catch((error: unknown) => {
        const { message } = asFailure(error);
        this.#options.log.error('queue could not be read', {
          queue: this.#options.name,
          error: message,
        });
      })
      .finally(() => {
        this.#filling = null;
        if (this.#again) this.wake();
        else this.#tellIfIdle();
      });
  }

  /** Resolves when nothing is being handled and nothing is due. */
  async idle(): Promise<void> {
    this.wake();
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => {
      this.#idleWaiters.push(resolve);
    });
  }

  /** Receives nothing more, and resolves when what is being handled is done; what was not begun goes back. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#filling;
    await Promise.all(this.#active);
    for (const { receipt } of this.#received) this.#answer(this.#options.source.retry(receipt, 0));
    this.#received = [];
    await Promise.all(this.#answers);
    this.#tellIfIdle();
  }

  async #fill(): Promise<void> {
    for (;;) {
      const concurrency = this.#options.concurrency();
      while (this.#active.size < concurrency) {
        const next = this.#stopped ? undefined : this.#received.shift();
        if (next === undefined) break;
        this.#begin(next);
      }
      if (this.#stopped || this.#active.size >= concurrency) return;
      const jobs = await this.#options.source.receive(
        concurrency * RECEIVED_AHEAD,
        this.#options.visibilityMs,
      );
      if (jobs.length === 0) return;
      this.#received.push(...jobs);
    }
  }

  #begin(received: ReceivedJob<Job>): void {
    const active = this.#handle(received).finally(() => {
      this.#active.delete(active);
      this.wake();
    });
    this.#active.add(active);
  }

  async #handle(received: ReceivedJob<Job>): Promise<void> {
    const { source, name, log, now } = this.#options;
    try {
      const outcome = await this.#options.handle(received.job);
      this.#answer(
        outcome.kind === 'done'
          ? source.done(received.receipt)
          : source.retry(received.receipt, Math.max(0, outcome.at - now())),
      );
    } catch (error) {
      const { message, kind } = asFailure(error);
      const pause = Math.min(FAULT_PAUSE_MS * received.receiveCount, FAULT_PAUSE_MAX_MS);
      log.error('job failed, put off', {
        queue: name,
        ...aboutJob(received.job),
        kind,
        error: message,
        pauseSeconds: pause / 1000,
      });
      this.#answer(source.retry(received.receipt, pause));
    }
  }

  /** If it fails, the job shows again when its visibility ends, and finds that it is done. */
  #answer(sending: Promise<void>): void {
    const answer = sending
      .catch((error: unknown) => {
        const { message } = asFailure(error);
        this.#options.log.error('queue not answered', {
          queue: this.#options.name,
          error: message,
        });
      })
      .finally(() => {
        this.#answers.delete(answer);
        this.#tellIfIdle();
      });
    this.#answers.add(answer);
  }

  #isIdle(): boolean {
    const handling = this.#active.size + this.#received.length + this.#answers.size;
    return this.#filling === null && handling === 0;
  }

  #tellIfIdle(): void {
    if (!this.#isIdle()) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
