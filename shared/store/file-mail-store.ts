import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, open, opendir, readFile, rename, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';

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
  FoundMessage,
  ListedMessage,
  MailStore,
  OpenedMessage,
} from './mail-store.ts';
import type { SpooledMessage } from './spool.ts';
import { parsedReport, transcriptOf } from './stored-report.ts';

/** Read at once: small, since what delivery makes of a chunk of dots is many times its size. Octets. */
const READ_OCTETS = 32 * 1024;

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
  /** Folders whose names this owner has synced, or is syncing. */
  readonly #durable = new Map<string, Promise<void>>();

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
      const isNew = await this.#index.whileCreating(key, metadata, (recorded) =>
        this.#writeAndLink(message, path, recorded),
      );
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
      try {
        const opened = await this.#openIn(area, key, length);
        if (opened !== null) return opened;
      } catch (error) {
        throw storeFailure(`reading ${formatKey(key)} in ${area}/`, error);
      }
    }
    return null;
  }

  async find(key: MessageKey): Promise<FoundMessage | null> {
    for (const area of ['Incoming', 'Failed'] as const) {
      try {
        const stats = await statIfThere(this.#path(area, key));
        if (stats !== null) return { area, storedAt: stats.mtimeMs };
      } catch (error) {
        throw storeFailure(`looking for ${formatKey(key)} in ${area}/`, error);
      }
    }
    return null;
  }

  async park(key: MessageKey, report: FailureReport): Promise<void> {
    const path = this.#path('Failed', key);
    try {
      await this.#makeFolder(dirname(path));
      if (!(await linkIfThere(this.#path('Incoming', key), path)) && !(await isThere(path))) {
        throw new Failure(
          'store',
          'permanent',
          `parking ${formatKey(key)}: expected the message in Incoming/ or Failed/, found it in neither`,
        );
      }
      const beside = path.replace(/\.eml$/, '.json');
      const transcript = report.transcript ?? transcriptOf(await jsonIn(beside));
      await this.#writeReport(beside, { ...report, transcript });
      await this.#directories.sync(dirname(path));
    } catch (error) {
      throw storeFailure(`parking ${formatKey(key)} in Failed/`, error);
    }
  }

  async report(key: MessageKey): Promise<unknown> {
    try {
      return await jsonIn(this.#path('Failed', key).replace(/\.eml$/, '.json'));
    } catch (error) {
      throw storeFailure(`reading the report of ${formatKey(key)} in Failed/`, error);
    }
  }

  async remove(area: Area, key: MessageKey): Promise<void> {
    const path = this.#path(area, key);
    try {
      await removeIfThere(path);
      if (area === 'Failed') await removeIfThere(path.replace(/\.eml$/, '.json'));
      await this.#index.forget(key, () =>
        (['Incoming', 'Failed'] as const).some((each) => existsSync(this.#path(each, key))),
      );
    } catch (error) {
      throw storeFailure(`removing ${formatKey(key)} from ${area}/`, error);
    }
  }

  list(area: Area): AsyncIterable<ListedMessage> {
    return this.#list(area, '.eml');
  }

  listReports(): AsyncIterable<ListedMessage> {
    return this.#list('Failed', '.json');
  }

  async *#list(area: Area, ending: string): AsyncIterable<ListedMessage> {
    const root = join(this.#options.folder, area);
    try {
      for (const mailbox of await namesIn(root)) {
        for (const name of await namesIn(join(root, mailbox))) {
          if (!name.endsWith(ending)) continue;
          const key = parseKey(`${mailbox}/${name.slice(0, -ending.length)}`);
          if (key === null) continue;
          const stats = await statIfThere(join(root, mailbox, name));
          if (stats !== null) yield { key, storedAt: stats.mtimeMs };
        }
      }
    } catch (error) {
      throw storeFailure(`listing ${area}/`, error);
    }
  }

  #path(area: Area, key: MessageKey): string {
    return join(this.#options.folder, area, key.mailbox, `${key.sha256}.eml`);
  }

  /**
   * Makes a mailbox's folder, and its name durable in every folder above it that is ours: once by this owner, also
   * where it lay there (a dead one may have made it and not synced), and again when somebody removed it by hand.
   */
  async #makeFolder(folder: string): Promise<void> {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    const known = made === undefined ? this.#durable.get(folder) : undefined;
    if (known !== undefined) return known;
    const durable = this.#directories
      .sync(dirname(folder))
      .then(() => this.#directories.sync(this.#options.folder));
    this.#durable.set(folder, durable);
    durable.catch(() => this.#durable.delete(folder));
    return durable;
  }

  /**
   * Links into a folder that is taken to be there: to make sure of it for each message would cost a call each.
   * @returns false when the name was taken
   */
  async #name(from: string, to: string): Promise<boolean> {
    const folder = dirname(to);
    await (this.#durable.get(folder) ?? this.#makeFolder(folder));
    try {
      return await linkCreateOnly(from, to);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || (await isThere(folder))) throw error;
      await this.#makeFolder(folder);
      return linkCreateOnly(from, to);
    }
  }

  async #openIn(
    area: Area,
    key: MessageKey,
    length: number | undefined,
  ): Promise<OpenedMessage | null> {
    const path = this.#path(area, key);
    const handle = await orNull(open(path, 'r'));
    if (handle === null) return null;
    try {
      const metadata = await this.#index.find(key, path);
      return { area, metadata, content: contentOf(handle, length) };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /**
   * @param recorded the metadata is durable: awaited first, since an object without it would have to be measured again
   * @returns false when the name was taken
   */
  async #writeAndLink(
    message: SpooledMessage,
    path: string,
    recorded: Promise<void>,
  ): Promise<boolean> {
    if (message.file !== null) {
      await syncFile(message.file);
      await recorded;
      const isNew = await this.#name(message.file, path);
      await unlink(message.file);
      return isNew;
    }
    return this.#withFileBeside(
      'eml',
      (handle) =>
        message.chunks === null
          ? handle.writeFile(message.content())
          : writeAll(handle, message.chunks),
      async (beside) => {
        await recorded;
        return this.#name(beside, path);
      },
    );
  }

  async #writeReport(path: string, report: FailureReport): Promise<void> {
    await this.#withFileBeside(
      'json',
      (handle) => handle.writeFile(`${JSON.stringify(report, null, 2)}\n`),
      (beside) => rename(beside, path),
    );
  }

  /** Writes and syncs a file that has no name yet where it belongs, and lets `use` give it one. */
  async #withFileBeside<Result>(
    ending: string,
    write: (handle: FileHandle) => Promise<void>,
    use: (path: string) => Promise<Result>,
  ): Promise<Result> {
    const beside = join(this.#options.spoolFolder, `${randomUUID()}.${ending}`);
    try {
      const handle = await open(beside, 'wx', 0o600);
      try {
        await write(handle);
        await handle.sync();
      } finally {
        await handle.close();
      }
      return await use(beside);
    } finally {
      // Also after a failure: a full disk must not stay full of what nobody will ever name.
      await removeIfThere(beside);
    }
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
  return handle.createReadStream({ ...end, highWaterMark: READ_OCTETS });
}

/** A report that was written before; null where there is none, or somebody edited it beyond reading. */
async function jsonIn(path: string): Promise<unknown> {
  const text = await orNull(readFile(path, 'utf8'));
  return text === null ? null : parsedReport(text);
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
    // ENOENT is also said of the folder of `to`, which somebody may have removed just now: that passes.
    if (codeOf(error) === 'ENOENT' && !(await isThere(from))) return false;
    throw error;
  }
}

async function statIfThere(path: string): Promise<{ mtimeMs: number } | null> {
  return orNull(stat(path));
}

async function isThere(path: string): Promise<boolean> {
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
