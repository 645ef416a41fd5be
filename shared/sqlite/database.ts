import { DatabaseSync } from 'node:sqlite';
import type { SQLOutputValue, StatementSync } from 'node:sqlite';

import { Failure } from '../failure.ts';
import { FileLogSync, NO_LOG } from './log-sync.ts';
import type { LogSync } from './log-sync.ts';

/** The owner's lock keeps other connectors away; a person who looks into the database may hold a lock for a moment. */
const OTHERS_LOCK_MS = 2_000;

/**
 * The embedded host's database: WAL, every commit on disk before it is acknowledged.
 *
 * Writes that arrive in the same turn of the event loop share one transaction and so one sync of the log; each stands
 * on a savepoint of its own, so that one that throws takes nobody else's work with it.
 *
 * SQLite would sync the log within COMMIT (`synchronous = FULL`), and the whole process would stand still for as long:
 * a fifth of the time that a message takes from end to end. `NORMAL` leaves it to us (sqlite.org/wal.html), and we do
 * it beside the event loop. Until it is done nobody is told, and nothing else is committed: what has been acknowledged
 * is durable with all that it was built on.
 */
export class Database {
  readonly #file: string;
  readonly #db: DatabaseSync;
  readonly #log: LogSync;
  readonly #statements = new Map<string, StatementSync>();
  #waiting: Write[] = [];
  #flush: NodeJS.Immediate | null = null;
  /** What was committed and is not known to be durable; null: nothing. */
  #syncing: Batch | null = null;
  /** A sync that failed may have lost what it was for, and the next one would not tell: nothing is acknowledged any more. */
  #lost: Failure | null = null;

  /**
   * @param access `reader` looks at what an owner keeps, beside it or after it, and can change nothing
   * @throws Failure `ledger`, temporary
   */
  constructor(file: string, access: 'owner' | 'reader' = 'owner', log = logOf(file)) {
    this.#file = file;
    this.#log = log;
    this.#db = this.#guard(() => {
      const timeout = OTHERS_LOCK_MS;
      if (access === 'reader') return new DatabaseSync(file, { readOnly: true, timeout });
      const db = new DatabaseSync(file, { timeout });
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      return db;
    });
  }

  /** Makes tables; `IF NOT EXISTS` throughout, in one transaction. Durable with the first write that follows. */
  define(schema: string): void {
    try {
      this.#db.exec(`BEGIN; ${schema}; COMMIT`);
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** @throws Failure `ledger`, temporary */
  all(sql: string, ...parameters: Parameter[]): Row[] {
    return this.#guard(() => this.#prepare(sql).all(...parameters) as Row[]);
  }

  /**
   * One row after the other, where all of them would take much memory.
   * @throws Failure `ledger`, temporary
   */
  each(sql: string, take: (row: Row) => void, ...parameters: Parameter[]): void {
    this.#guard(() => {
      for (const row of this.#prepare(sql).iterate(...parameters)) take(row);
    });
  }

  /** @throws Failure `ledger`, temporary */
  get(sql: string, ...parameters: Parameter[]): Row | undefined {
    return this.#guard(() => this.#prepare(sql).get(...parameters) as Row | undefined);
  }

  /**
   * For use inside {@link write}.
   * @returns how many rows changed
   * @throws Failure `ledger`, temporary
   */
  run(sql: string, ...parameters: Parameter[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...parameters).changes));
  }

  /** For ports that promise: what {@link all} and {@link get} throw becomes a rejection. */
  read<Result>(work: () => Result): Promise<Result> {
    return new Promise<Result>((resolve) => {
      resolve(work());
    });
  }

  /**
   * Runs `work` in a transaction and resolves when it is durable.
   * @throws Failure `ledger`, temporary, when the database could not write; else what `work` threw
   */
  write<Result>(work: () => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const write: Write = {
        run: () => {
          const result = work();
          return () => {
            resolve(result);
          };
        },
        reject,
      };
      this.#waiting.push(write);
      this.#commitSoon();
    });
  }

  /** Commits what waits and closes; what is called afterwards fails as a database that cannot be read or written. */
  close(): void {
    const batches = [this.#syncing, this.#commit()].filter((batch) => batch !== null);
    this.#syncing = null;
    // One for all: what a sync has lost the next one would not tell.
    const failure = batches.length > 0 ? this.#syncNow() : null;
    for (const batch of batches) this.#settle(batch, failure);
    if (this.#db.isOpen) this.#db.close();
    this.#log.close();
  }

  #commitSoon(): void {
    this.#flush ??= setImmediate(() => {
      this.#flush = null;
      // What waits is next when the sync has ended.
      if (this.#syncing === null) this.#commitWaiting();
    });
  }

  #guard<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      throw databaseFailure(this.#file, error);
    }
  }

  #commitWaiting(): void {
    const batch = this.#commit();
    if (batch === null) return;
    if (!batch.hasChanged) {
      this.#settle(batch, null);
      return;
    }
    this.#syncing = batch;
    this.#log.sync().then(
      () => {
        this.#synced(batch, null);
      },
      (error: unknown) => {
        this.#synced(batch, syncFailure(error));
      },
    );
  }

  #synced(batch: Batch, failure: Failure | null): void {
    // Else `close` came before, and has settled it.
    if (this.#syncing !== batch) return;
    this.#syncing = null;
    this.#settle(batch, failure);
    // After those who were told: what they write next comes along.
    if (this.#waiting.length > 0) this.#commitSoon();
  }

  #syncNow(): Failure | null {
    try {
      this.#log.syncNow();
      return null;
    } catch (error) {
      return syncFailure(error);
    }
  }

  #settle({ writes, done }: Batch, failure: Failure | null): void {
    this.#lost ??= failure;
    if (failure === null) for (const resolve of done) resolve();
    else for (const write of writes) write.reject(failure);
  }

  /** @returns what has been committed and is not durable yet; null: nothing */
  #commit(): Batch | null {
    if (this.#flush !== null) clearImmediate(this.#flush);
    this.#flush = null;
    const writes = this.#waiting;
    this.#waiting = [];
    if (writes.length === 0) return null;
    const done: (() => void)[] = [];
    try {
      if (this.#lost !== null) throw this.#lost;
      const before = this.#changes();
      this.#db.exec('BEGIN IMMEDIATE');
      for (const write of writes) this.#runOne(write, done);
      this.#db.exec('COMMIT');
      return { writes, done, hasChanged: this.#changes() !== before };
    } catch (error) {
      const failure = databaseFailure(this.#file, error);
      for (const write of writes) write.reject(failure);
      this.#rollBack();
      return null;
    }
  }

  /** Rows changed since the database was opened. */
  #changes(): unknown {
    return this.#prepare('SELECT total_changes() AS changes').get()?.['changes'];
  }

  #runOne(write: Write, done: (() => void)[]): void {
    this.#db.exec('SAVEPOINT one');
    try {
      done.push(write.run());
      this.#db.exec('RELEASE one');
    } catch (error) {
      // A full disk ends the whole transaction (SQLITE_FULL), and everybody's work of this turn with it.
      if (!this.#db.isTransaction) throw error;
      this.#db.exec('ROLLBACK TO one; RELEASE one');
      write.reject(error);
    }
  }

  #rollBack(): void {
    // A full disk may have ended the transaction already; then there is nothing to roll back.
    if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

interface Write {
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** One transaction. */
interface Batch {
  readonly writes: readonly Write[];
  /** Tells those whose work went well. */
  readonly done: readonly (() => void)[];
  readonly hasChanged: boolean;
}

export type Parameter = string | number | null;
export type Row = Record<string, SQLOutputValue>;

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

function databaseFailure(file: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null;
  const isDamaged = code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
  const advice = isDamaged ? '; see "The database is damaged" in docs/runbook.md' : '';
  return new Failure(
    'ledger',
    'temporary',
    `the database ${file} could not be read or written: ${message}${advice}`,
    { cause: error },
  );
}

function syncFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return new Failure(
    'ledger',
    'temporary',
    `expected the database's log to reach the disk, got ${message}; nothing more is written until the next start`,
    { cause: error },
  );
}

function logOf(file: string): LogSync {
  return file === ':memory:' ? NO_LOG : new FileLogSync(`${file}-wal`);
}
