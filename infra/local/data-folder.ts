import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Failure } from '../../shared/failure.ts';
import { syncFolder } from '../../shared/store/directory-sync.ts';

const LOOP_KEY_OCTETS = 32;

/** Names in the data folder. */
export interface DataFolder {
  readonly path: string;
  /** Files that have no name yet; emptied at start. */
  readonly spool: string;
  /** A file for each message whose octets are being worked on. */
  readonly inHand: string;
  readonly database: string;
  readonly socket: string;
  readonly loopKey: Buffer;
  /** Gives the folder up. The operating system does it for a process that died. */
  release(): void;
}

export function socketPath(folder: string): string {
  return join(resolve(folder), 'mailferry.sock');
}

/**
 * Takes the data folder for this process, making it where it is not there. One owner at a time: the lock is the
 * operating system's (fcntl, through SQLite), so it goes with the process, however that ends.
 * @throws Failure `store`, temporary, while another process has it
 */
export async function ownDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder);
  await makeDurable(path);
  const release = lock(path);
  try {
    const database = join(path, 'mailferry.sqlite');
    makePrivate(database);
    const spool = join(path, 'spool');
    await mkdir(spool, { recursive: true, mode: 0o700 });
    await empty(spool);
    return {
      path,
      spool,
      inHand: join(path, 'in-hand'),
      database,
      socket: socketPath(path),
      loopKey: await readOrMakeLoopKey(path),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Mail of others lies here: the folder is its owner's alone. Its name is made durable in the folder above. */
async function makeDurable(path: string): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    if (first !== undefined) {
      for (let at = path; at.length >= first.length; at = dirname(at))
        await syncFolder(dirname(at));
    }
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new Failure(
      'store',
      'temporary',
      `data folder ${path}: expected a folder that this user may write to, got ${got}`,
      { cause: error },
    );
  }
}

/** An exclusive lock on a database of its own, which nobody else opens; held until released or the process ends. */
function lock(path: string): () => void {
  const file = join(path, 'owner.lock');
  makePrivate(file);
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    throw notOwned(path, error);
  }
  return () => {
    if (db.isOpen) db.close();
  };
}

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;

function notOwned(path: string, error: unknown): Failure {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : null;
  if (code === SQLITE_FULL) {
    const text = `data folder ${path}: expected room to write, got a disk that is full`;
    return new Failure('store', 'temporary', text, { cause: error });
  }
  const isBusy = code === SQLITE_BUSY;
  const got = isBusy
    ? 'another mailferry has it ("mailferry fetch" and "mailferry status" ask the one that runs)'
    : `owner.lock could not be locked: ${String(error)}`;
  return new Failure(
    'store',
    isBusy ? 'temporary' : 'permanent',
    `data folder ${path}: expected to be its only owner, but ${got}`,
    { cause: error },
  );
}

/**
 * Makes a database's file for its owner alone, since SQLite would go by the umask; its log takes the same mode. A file
 * that is there is never opened: closing it would drop every lock that this process has on it (fcntl(2)).
 */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    chmodSync(file, 0o600);
  }
}

async function empty(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
}

/** The loop marker's key: made once, then never again, since mail that is out carries digests made with it. */
async function readOrMakeLoopKey(path: string): Promise<Buffer> {
  const file = join(path, 'loop.key');
  if (existsSync(file)) {
    const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'hex');
    if (key.length === LOOP_KEY_OCTETS) return key;
    throw new Failure(
      'secret',
      'permanent',
      `${file}: expected ${LOOP_KEY_OCTETS * 2} hexadecimal digits, got ${key.length * 2}`,
    );
  }
  const key = randomBytes(LOOP_KEY_OCTETS);
  const beside = join(path, 'spool', 'loop.key');
  const handle = await open(beside, 'wx', 0o600);
  try {
    await handle.writeFile(`${key.toString('hex')}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(beside, file);
  await syncFolder(path);
  return key;
}
