import { open } from 'node:fs/promises';

/**
 * Makes names durable: a new or renamed file survives power loss only when its folder was synced too (fsync(2)).
 * Callers that wait at the same time share one sync; a caller that comes while one runs waits for the next, since
 * the running one may have begun before its name was there.
 */
export class DirectorySync {
  readonly #next = new Map<string, Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #syncFolder: (folder: string) => Promise<void>;

  constructor(syncOne = syncFolder) {
    this.#syncFolder = syncOne;
  }

  sync(folder: string): Promise<void> {
    const queued = this.#next.get(folder);
    if (queued !== undefined) return queued;
    const before = this.#running.get(folder) ?? Promise.resolve();
    const next = before
      .catch(() => undefined)
      .then(() => {
        this.#next.delete(folder);
        this.#running.set(folder, next);
        return this.#syncFolder(folder);
      })
      .finally(() => {
        if (this.#running.get(folder) === next) this.#running.delete(folder);
      });
    this.#next.set(folder, next);
    return next;
  }
}

/** fsync(2) of a folder: its names are durable when this resolves. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
