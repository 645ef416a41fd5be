import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';

import { Failure } from '../failure.ts';

/** A temporary file that takes the octets of one message. Not synced: durability is the store's business. */
export class SpoolFile {
  readonly path: string;
  private handle: FileHandle | null = null;
  /** The operation under way: a file must not be removed while it is being made, or it would stay for good. */
  private busy: Promise<void> = Promise.resolve();
  private over: Failure | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws Failure `store`, temporary; nothing of the file is left then */
  write(chunks: readonly Buffer[]): Promise<void> {
    return this.inTurn(async () => {
      // Exclusive and for us alone: mail must not follow a link somebody left there, nor be read by others.
      this.handle ??= await open(this.path, 'wx', 0o600);
      await writeAll(this.handle, chunks);
    });
  }

  /** @throws Failure `store`, temporary: some file systems report a full disk only here */
  close(): Promise<void> {
    return this.inTurn(() => this.closeHandle());
  }

  /** Closes and removes; no error where there is nothing. */
  async remove(): Promise<void> {
    await this.busy.catch(() => undefined);
    this.over ??= new Failure('store', 'temporary', 'the temporary file was removed');
    await this.erase();
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    this.busy = this.busy.then(() => this.attempt(work));
    return this.busy;
  }

  private async attempt(work: () => Promise<void>): Promise<void> {
    if (this.over !== null) throw this.over;
    try {
      await work();
    } catch (error) {
      this.over = writeFailure(error);
      // A name that somebody else's file has is not ours to remove.
      if (!isTaken(error)) await this.erase().catch(() => undefined);
      throw this.over;
    }
  }

  private async erase(): Promise<void> {
    await this.closeHandle().catch(() => undefined);
    await rm(this.path, { force: true });
  }

  private async closeHandle(): Promise<void> {
    const { handle } = this;
    this.handle = null;
    await handle?.close();
  }
}

function writeFailure(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  return new Failure('store', 'temporary', `expected to write a temporary file, got ${reason}`, {
    cause: error,
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** `writev` may write less than asked for when the disk is nearly full: the rest then tells why. */
async function writeAll(handle: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  let left = [...chunks];
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left);
    left = behind(left, bytesWritten);
  }
}

function behind(chunks: readonly Buffer[], octets: number): Buffer[] {
  let skip = octets;
  const left: Buffer[] = [];
  for (const chunk of chunks) {
    if (skip < chunk.length) left.push(skip === 0 ? chunk : chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return left;
}
