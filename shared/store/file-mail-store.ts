import { randomUUID } from 'node:crypto';
import { link, mkdir, open, opendir, rename, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { Failure } from '../failure.ts';
import { formatKey, parseKey } from '../mail/message-key.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type { Database } from '../sqlite/database.ts';
import { ArrivalIndex } from './arrival-index.ts';
import { DirectorySync } from './directory-sync.ts';
import type {
  Area,
  ArrivalMetadata,
  FailureReport,
  ListedMessage,
  MailStore,
  OpenedMessage,
} from './mail-store.ts';
import type { SpooledMessage } from './spool.ts';

export interface FileMailStoreOptions {
  /** The data folder; `Incoming/` and `Failed/` are made in it. */
  readonly folder: string;
  /** Where files are written before they get their name; on the same file system, emptied by the owner at start. */
  readonly spoolFolder: string;
  readonly database: Database;
  /** Told of each new object, as S3 tells its queue: late, twice or never; the sweep finds what it missed. */
  readonly onCreated: (key: MessageKey) => void;
}

/**
 * The mail store as files: `Incoming/<mailbox>/<sha256>.eml` holds exactly the octets of the message.
 * A file is written and synced beside, then linked to its name: link(2) refuses a name that exists, which makes
 * the write create-only, and nobody ever sees half a message.
 */
export class FileMailStore implements MailStore {
  readonly #options: FileMailStoreOptions;
  readonly #index: ArrivalIndex;
  readonly #directories = new DirectorySync();
  readonly #known = new Map<string, Promise<void>>();

  constructor(options: FileMailStoreOptions) {
    this.#options = options;
    this.#index = new ArrivalIndex(options.database);
  }

  async create(
    key: MessageKey,
    message: SpooledMessage,
    metadata: ArrivalMetadata,
  ): Promise<'created' | 'exists'> {
    const path = this.#path('Incoming', key);
    try {
      await this.#makeFolder(dirname(path));
      // The metadata first: an object without it would have to be measured again.
      const [written] = await Promise.all([
        this.#writeBeside(message),
        this.#index.record(key, metadata),
      ]);
      const isNew = await linkCreateOnly(written, path);
      await unlink(written);
      // Also where it existed: the owner that wrote it may have died before this sync, and DELE comes next.
      await this.#directories.sync(dirname(path));
      if (!isNew) return 'exists';
    } catch (error) {
      throw storeFailure(`writing ${formatKey(key)} to Incoming/`, error);
    }
    this.#options.onCreated(key);
    return 'created';
  }

  async open(key: MessageKey, length?: number): Promise<OpenedMessage | null> {
    for (const area of ['Incoming', 'Failed'] as const) {
      const path = this.#path(area, key);
      const handle = await openIfThere(path);
      if (handle === null) continue;
      try {
        const metadata = await this.#index.find(key, path);
        return { area, metadata, content: contentOf(handle, length) };
      } catch (error) {
        await handle.close();
        throw storeFailure(`reading ${formatKey(key)} in ${area}/`, error);
      }
    }
    return null;
  }

  async park(key: MessageKey, report: FailureReport): Promise<void> {
    const path = this.#path('Failed', key);
    try {
      await this.#makeFolder(dirname(path));
      if (!(await linkIfThere(this.#path('Incoming', key), path)) && !(await exists(path))) {
        throw new Failure(
          'store',
          'permanent',
          `parking ${formatKey(key)}: expected the message in Incoming/ or Failed/, found it in neither`,
        );
      }
      await this.#writeReport(path.replace(/\.eml$/, '.json'), report);
      await this.#directories.sync(dirname(path));
    } catch (error) {
      throw storeFailure(`parking ${formatKey(key)} in Failed/`, error);
    }
  }

  async remove(area: Area, key: MessageKey): Promise<void> {
    const path = this.#path(area, key);
    try {
      await removeIfThere(path);
      if (area === 'Failed') await removeIfThere(path.replace(/\.eml$/, '.json'));
      const other = this.#path(area === 'Failed' ? 'Incoming' : 'Failed', key);
      if (!(await exists(other))) await this.#index.forget(key);
    } catch (error) {
      throw storeFailure(`removing ${formatKey(key)} from ${area}/`, error);
    }
  }

  async *list(area: Area): AsyncIterable<ListedMessage> {
    const root = join(this.#options.folder, area);
    for (const mailbox of await namesIn(root)) {
      for (const name of await namesIn(join(root, mailbox))) {
        if (!name.endsWith('.eml')) continue;
        const key = parseKey(`${mailbox}/${name.slice(0, -'.eml'.length)}`);
        if (key === null) continue;
        const stats = await statIfThere(this.#path(area, key));
        if (stats !== null) yield { key, storedAt: stats.mtimeMs };
      }
    }
  }

  #path(area: Area, key: MessageKey): string {
    return join(this.#options.folder, area, key.mailbox, `${key.sha256}.eml`);
  }

  /** Makes a mailbox's folder once, and its name durable in every folder above it that is ours. */
  #makeFolder(folder: string): Promise<void> {
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    const made = mkdir(folder, { recursive: true, mode: 0o700 })
      .then(() => this.#directories.sync(dirname(folder)))
      .then(() => this.#directories.sync(this.#options.folder));
    this.#known.set(folder, made);
    made.catch(() => this.#known.delete(folder));
    return made;
  }

  /** The message in a synced file that has no name yet in `Incoming/`. */
  async #writeBeside(message: SpooledMessage): Promise<string> {
    if (message.file !== null) {
      await syncFile(message.file);
      return message.file;
    }
    const path = join(this.#options.spoolFolder, `${randomUUID()}.eml`);
    const handle = await open(path, 'wx', 0o600);
    try {
      if (message.chunks !== null) await writeAll(handle, message.chunks);
      else await pipeline(message.content(), handle.createWriteStream({ autoClose: false }));
      await handle.sync();
    } catch (error) {
      // A full disk must not stay full of halves.
      await removeIfThere(path);
      throw error;
    } finally {
      await handle.close();
    }
    return path;
  }

  async #writeReport(path: string, report: FailureReport): Promise<void> {
    const beside = join(this.#options.spoolFolder, `${randomUUID()}.json`);
    const handle = await open(beside, 'wx', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(report, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, path);
  }
}

async function writeAll(handle: FileHandle, chunks: readonly Buffer[]): Promise<void> {
  // writev may write less than it was given, for example on a disk that is nearly full.
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const { bytesWritten } = await handle.writev(chunks);
  if (bytesWritten === total) return;
  const rest = Buffer.concat(chunks).subarray(bytesWritten);
  await handle.writeFile(rest);
}

function contentOf(handle: FileHandle, length: number | undefined): Readable {
  if (length === 0) {
    void handle.close();
    return Readable.from([]);
  }
  const end = length === undefined ? {} : { start: 0, end: length - 1 };
  return handle.createReadStream({ ...end, highWaterMark: 256 * 1024 });
}

/** @returns false when the name was taken */
async function linkCreateOnly(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** @returns false when there is nothing at `from`; a name that is taken is fine, it is the same bytes */
async function linkIfThere(from: string, to: string): Promise<boolean> {
  try {
    await linkCreateOnly(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  return orNull(open(path, 'r'));
}

async function statIfThere(path: string): Promise<{ mtimeMs: number } | null> {
  return orNull(stat(path));
}

async function exists(path: string): Promise<boolean> {
  return (await statIfThere(path)) !== null;
}

async function removeIfThere(path: string): Promise<void> {
  await orNull(unlink(path));
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const directory = await orNull(opendir(folder));
  if (directory === null) return [];
  const names: string[] = [];
  for await (const entry of directory) names.push(entry.name);
  return names;
}

async function orNull<Result>(work: Promise<Result>): Promise<Result | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** A disk's fault is temporary: the message stays where it is, on the server or in `Incoming/`, until it is mended. */
function storeFailure(doing: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new Failure('store', 'temporary', `${doing}: ${message}`, { cause: error });
}
