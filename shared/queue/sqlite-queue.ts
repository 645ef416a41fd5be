import { randomUUID } from 'node:crypto';

import type { ZodType } from 'zod';

import type { Clock } from '../clock.ts';
import type { Database, Row } from '../sqlite/database.ts';
import type { JobSender, JobSource, QueueDepth, ReceivedJob } from './job-queue.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, identity TEXT NOT NULL, body TEXT NOT NULL,
    visible_at INTEGER NOT NULL, receipt TEXT, receive_count INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS job_due ON job (queue, visible_at, id);
  CREATE INDEX IF NOT EXISTS job_fresh ON job (queue, visible_at, id) WHERE receive_count = 0;
  CREATE INDEX IF NOT EXISTS job_identity ON job (queue, identity);
  CREATE UNIQUE INDEX IF NOT EXISTS job_receipt ON job (receipt) WHERE receipt IS NOT NULL;
`;

export interface SqliteQueue<Job> extends JobSender<Job>, JobSource<Job> {
  /** Shows the jobs that a dead owner had in flight. Only the owner of the data folder may call it, at its start. */
  releaseAll(): Promise<void>;
  /** Called after jobs were sent, so that the worker need not poll. One listener. */
  onSent(listener: () => void): void;
}

/** What a queue is made of besides its database. */
export interface SqliteQueueOptions<Job> {
  readonly name: string;
  readonly schema: ZodType<Job>;
  /** What makes two jobs the same pointer. */
  readonly identity: (job: Job) => string;
  readonly clock: Clock;
}

/**
 * One queue in the embedded database. A job that waits already is not put there twice: it is the same pointer, and
 * every consumer asks the ledger what is left to do. (SQS has no such check; nothing relies on it.)
 */
export function sqliteQueue<Job>(db: Database, options: SqliteQueueOptions<Job>): SqliteQueue<Job> {
  db.define(SCHEMA);
  return new QueueInDatabase(db, options);
}

/** One job in so many is one that was received before, when both kinds are due. */
const OLD_SHARE = 4;

class QueueInDatabase<Job> implements SqliteQueue<Job> {
  readonly #db: Database;
  readonly #options: SqliteQueueOptions<Job>;
  #listener: () => void = () => undefined;
  /** Receives so far. */
  #turn = 0;

  constructor(db: Database, options: SqliteQueueOptions<Job>) {
    this.#db = db;
    this.#options = options;
  }

  async send(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.#db.write(() => {
      for (const job of jobs) this.#sendOne(job, this.#now());
    });
    this.#listener();
  }

  async receive(max: number, visibilityMs: number): Promise<readonly ReceivedJob<Job>[]> {
    const due = 'SELECT 1 FROM job WHERE queue = ? AND visible_at <= ? LIMIT 1';
    // An idle worker looks without opening a transaction, and so without an fsync.
    if (this.#db.get(due, this.#options.name, this.#now()) === undefined) return [];
    return this.#db.write(() => this.#receiveDue(max, this.#now(), visibilityMs));
  }

  done(receipt: string): Promise<void> {
    return this.#db.write(() => {
      this.#db.run('DELETE FROM job WHERE receipt = ?', receipt);
    });
  }

  retry(receipt: string, delayMs: number): Promise<void> {
    return this.#db.write(() => {
      const at = this.#now() + delayMs;
      this.#db.run('UPDATE job SET visible_at = ?, receipt = NULL WHERE receipt = ?', at, receipt);
    });
  }

  depth(): Promise<QueueDepth> {
    return this.#db.read(() => depth(this.#db, this.#options.name, this.#now()));
  }

  releaseAll(): Promise<void> {
    return this.#db.write(() => {
      this.#db.run(
        'UPDATE job SET receipt = NULL, visible_at = ? WHERE queue = ? AND receipt IS NOT NULL',
        this.#now(),
        this.#options.name,
      );
    });
  }

  onSent(listener: () => void): void {
    this.#listener = listener;
  }

  #sendOne(job: Job, now: number): void {
    const identity = this.#options.identity(job);
    const body = JSON.stringify(job);
    const merged = this.#db.run(
      'UPDATE job SET visible_at = min(visible_at, ?), body = ? WHERE queue = ? AND identity = ? AND receipt IS NULL',
      now,
      body,
      this.#options.name,
      identity,
    );
    if (merged > 0) return;
    this.#db.run(
      'INSERT INTO job (queue, identity, body, visible_at, receipt, receive_count) VALUES (?, ?, ?, ?, NULL, 0)',
      this.#options.name,
      identity,
      body,
      now,
    );
  }

  /** What is put aside leaves room for the next: an empty answer means that nothing is due. */
  #receiveDue(max: number, now: number, visibilityMs: number): readonly ReceivedJob<Job>[] {
    const received: ReceivedJob<Job>[] = [];
    for (;;) {
      const rows = this.#rowsDue(max - received.length, now);
      const taken = rows.map((row) => this.#receiveOne(row, now + visibilityMs));
      received.push(...taken.filter((one) => one !== null));
      if (!taken.includes(null)) return received;
    }
  }

  /**
   * First those that were never received, since a backlog that is tried again must not hold up what is new; but a part
   * of the room is the backlog's, since what is new must not hold it up for ever either.
   */
  #rowsDue(room: number, now: number): Row[] {
    const share = this.#shareOfOld(room);
    const fresh = this.#rowsWhere('receive_count = 0', room, now);
    const old = this.#rowsWhere('receive_count > 0', room, now);
    const oldKept = Math.min(old.length, Math.max(share, room - fresh.length));
    return [...fresh.slice(0, room - oldKept), ...old.slice(0, oldKept)];
  }

  /** A quarter, and one job in four where there is room for one at a time. */
  #shareOfOld(room: number): number {
    this.#turn += 1;
    return Math.floor((room + (this.#turn % OLD_SHARE)) / OLD_SHARE);
  }

  #rowsWhere(condition: string, limit: number, now: number): Row[] {
    return this.#db.all(
      `SELECT id, body, receive_count FROM job WHERE queue = ? AND visible_at <= ? AND ${condition} ORDER BY visible_at, id LIMIT ?`,
      this.#options.name,
      now,
      limit,
    );
  }

  /** @returns null for a job that cannot be read: it is put aside */
  #receiveOne(row: Row, visibleAt: number): ReceivedJob<Job> | null {
    const job = this.#options.schema.safeParse(asJson(row['body'] as string));
    if (!job.success) {
      this.#putAside(row['id'] as number);
      return null;
    }
    const receipt = randomUUID();
    this.#db.run(
      'UPDATE job SET receipt = ?, visible_at = ?, receive_count = receive_count + 1 WHERE id = ?',
      receipt,
      visibleAt,
      row['id'] as number,
    );
    return { receipt, job: job.data, receiveCount: (row['receive_count'] as number) + 1 };
  }

  /**
   * The embedded host's dead-letter queue. A job that cannot be read would stand first in every batch and stop all
   * others (I7); it is only a pointer, so the sweep, or the next tick, finds again what it pointed at.
   */
  #putAside(id: number): void {
    this.#db.run(
      'UPDATE job SET queue = ?, receipt = NULL WHERE id = ?',
      `${this.#options.name}.unreadable`,
      id,
    );
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

/** `undefined`, which is no job, for what is no JSON. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function depth(db: Database, queue: string, now: number): QueueDepth {
  const row = db.get(
    `SELECT coalesce(sum(visible_at <= ?1), 0) AS ready,
            coalesce(sum(visible_at > ?1 AND receipt IS NOT NULL), 0) AS in_flight,
            coalesce(sum(visible_at > ?1 AND receipt IS NULL), 0) AS delayed
       FROM job WHERE queue = ?2`,
    now,
    queue,
  );
  return {
    ready: Number(row?.['ready'] ?? 0),
    inFlight: Number(row?.['in_flight'] ?? 0),
    delayed: Number(row?.['delayed'] ?? 0),
  };
}
