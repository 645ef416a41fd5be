import { asFailure } from '../../shared/failure.ts';
import type { Log } from '../../shared/observe/log.ts';
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

  /** Receives nothing more, and resolves when what is being handled is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#filling;
    await Promise.all(this.#active);
    this.#tellIfIdle();
  }

  async #fill(): Promise<void> {
    for (;;) {
      const room = this.#options.concurrency() - this.#active.size;
      if (room <= 0 || this.#stopped) return;
      const jobs = await this.#options.source.receive(room, this.#options.visibilityMs);
      if (jobs.length === 0) return;
      for (const job of jobs) this.#begin(job);
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
      if (outcome.kind === 'done') await source.done(received.receipt);
      else await source.retry(received.receipt, Math.max(0, outcome.at - now()));
    } catch (error) {
      const { message, kind } = asFailure(error);
      const pause = Math.min(FAULT_PAUSE_MS * received.receiveCount, FAULT_PAUSE_MAX_MS);
      log.error('job failed, put off', {
        queue: name,
        kind,
        error: message,
        pauseSeconds: pause / 1000,
      });
      // If even this fails, the job shows again when its visibility ends.
      await source.retry(received.receipt, pause).catch(() => undefined);
    }
  }

  #isIdle(): boolean {
    return this.#filling === null && this.#active.size === 0;
  }

  #tellIfIdle(): void {
    if (!this.#isIdle()) return;
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const resolve of waiters) resolve();
  }
}
