import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';

/** Makes a database's write-ahead log durable (fdatasync(2)). */
export interface LogSync {
  /** Resolves when all that was written before the call is on the disk. */
  sync(): Promise<void>;
  /** The same at once. @throws what the system says */
  syncNow(): void;
  /** Waits for nothing; a sync that is under way still ends. */
  close(): void;
}

/**
 * A descriptor of our own on the log: SQLite holds its locks on other files, and keeps this one as long as it has the
 * database open.
 */
export class FileLogSync implements LogSync {
  readonly #file: string;
  #descriptor: number | null = null;
  #underWay = 0;
  #isClosed = false;

  /** @param file the log, which is there from the first write on */
  constructor(file: string) {
    this.#file = file;
  }

  sync(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const descriptor = this.#open();
      this.#underWay += 1;
      fdatasync(descriptor, (error) => {
        this.#underWay -= 1;
        if (this.#isClosed) this.#release();
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  syncNow(): void {
    fdatasyncSync(this.#open());
  }

  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #open(): number {
    return (this.#descriptor ??= openSync(this.#file, 'r'));
  }

  /** Its number would be given to the next file that is opened, and a sync under way be one of that. */
  #release(): void {
    if (this.#underWay > 0 || this.#descriptor === null) return;
    closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

/** Of a database in memory, which has nothing to lose. */
export const NO_LOG: LogSync = {
  sync: () => Promise.resolve(),
  syncNow: () => undefined,
  close: () => undefined,
};
