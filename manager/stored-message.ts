import { access, open } from 'node:fs/promises';
import { join } from 'node:path';

import type { MessageItem } from '../shared/ledger/message-item.ts';
import { readItem } from '../shared/ledger/sqlite-ledger.ts';
import type { MessageKey } from '../shared/mail/message-key.ts';
import { Database } from '../shared/sqlite/database.ts';

export interface FileStart {
  readonly octets: Buffer;
  /** Whether that is the whole file. */
  readonly complete: boolean;
}

/** The first octets of a file. */
export async function readStart(file: string, length: number): Promise<FileStart> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const octets = Buffer.alloc(Math.min(size, length));
    const { bytesRead } = await handle.read(octets, 0, octets.length, 0);
    return { octets: octets.subarray(0, bytesRead), complete: size <= length };
  } finally {
    await handle.close();
  }
}

/** The file of a stored message; reading it needs no ownership of the folder. Null where there is none. */
export async function findStored(folder: string, key: MessageKey): Promise<string | null> {
  for (const area of ['Incoming', 'Failed']) {
    const file = join(folder, area, key.mailbox, `${key.sha256}.eml`);
    if (await isThere(file)) return file;
  }
  return null;
}

/** What the ledger keeps of a message; reading it needs no ownership of the folder either. Null: nothing. */
export async function findRecorded(folder: string, key: MessageKey): Promise<MessageItem | null> {
  const file = join(folder, 'mailferry.sqlite');
  if (!(await isThere(file))) return null;
  const database = new Database(file, 'reader');
  try {
    return readItem(database, key);
  } finally {
    database.close();
  }
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
