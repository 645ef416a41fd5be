import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, readFile, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { Database } from '../../shared/sqlite/database.ts';
import { FileMailStore } from '../../shared/store/file-mail-store.ts';
import { mailStoreContract } from '../contract/mail-store.ts';
import { asPromised } from '../support/as-promised.ts';
import { collected } from '../support/collected.ts';
import { failureReportFor } from '../support/failure-reports.ts';
import { arrivalOf, keyOf, spooledMessage } from '../support/spooled-message.ts';

const OCTETS = Buffer.from('From: ann@nwtraders.example\r\n\r\nbody\r\n');
const KEY = keyOf('sales', OCTETS);

const REPORT = failureReportFor(KEY);

interface OpenStore {
  readonly folder: string;
  readonly spool: string;
  readonly database: Database;
  readonly store: FileMailStore;
  readonly created: MessageKey[];
  readonly close: () => void;
}

async function openStore(): Promise<OpenStore> {
  const folder = mkdtempSync(join(tmpdir(), 'mailferry-store-'));
  const spool = join(folder, 'spool');
  await mkdir(spool);
  const database = new Database(join(folder, 'mailferry.sqlite'));
  const created: MessageKey[] = [];
  const onCreated = (key: MessageKey) => created.push(key);
  const store = new FileMailStore({ folder, spoolFolder: spool, database, onCreated });
  const close = () => {
    database.close();
    rmSync(folder, { recursive: true });
  };
  return { folder, spool, database, store, created, close };
}

mailStoreContract('the file mail store', async () => {
  const { folder, store, close } = await openStore();
  return {
    store,
    report: (key) => readReport(folder, key),
    dropCopy: ({ mailbox, sha256 }) => unlink(join(folder, 'Failed', mailbox, `${sha256}.eml`)),
    close: asPromised(close),
  };
});

async function readReport(folder: string, key: MessageKey): Promise<unknown> {
  const path = join(folder, 'Failed', key.mailbox, `${key.sha256}.json`);
  return readFile(path, 'utf8').then(
    (text) => JSON.parse(text) as unknown,
    () => null,
  );
}

describe('the file mail store', () => {
  let used: OpenStore;
  beforeEach(async () => {
    used = await openStore();
  });
  afterEach(() => {
    used.close();
  });

  const create = async (octets = OCTETS): Promise<'created' | 'exists'> =>
    used.store.create(
      keyOf('sales', octets),
      await spooledMessage(octets),
      await arrivalOf(octets),
    );
  const fileOf = (area: string, key = KEY, ending = 'eml') =>
    join(used.folder, area, key.mailbox, `${key.sha256}.${ending}`);

  it('keeps exactly the octets under their digest, and nothing else', async () => {
    await create();
    expect(await readFile(fileOf('Incoming'))).toEqual(OCTETS);
    expect(readdirSync(join(used.folder, 'Incoming', 'sales'))).toEqual([`${KEY.sha256}.eml`]);
    expect(readdirSync(used.spool)).toEqual([]);
  });

  it('lets nobody else read mail, reports and folders', async () => {
    await create();
    await used.store.park(KEY, REPORT);
    const modes = [
      fileOf('Incoming'),
      fileOf('Failed'),
      fileOf('Failed', KEY, 'json'),
      ...['Incoming', 'Incoming/sales', 'Failed', 'Failed/sales'].map((at) =>
        join(used.folder, at),
      ),
    ].map((path) => (statSync(path).mode & 0o777).toString(8));
    expect(modes).toEqual(['600', '600', '600', '700', '700', '700', '700']);
  });

  it('tells of each object once it is there, and of none that was there', async () => {
    await create();
    await create();
    const other = Buffer.from('other');
    await create(other);
    expect(used.created).toEqual([KEY, keyOf('sales', other)]);
  });

  it('measures a message whose metadata is missing, as in a restored folder', async () => {
    const octets = Buffer.from('a: b\r\n\r\n\xfc\r\n', 'latin1');
    const key = keyOf('sales', octets);
    const path = fileOf('Incoming', key);
    await mkdir(join(used.folder, 'Incoming', 'sales'), { recursive: true });
    writeFileSync(path, octets);
    const opened = await used.store.open(key);
    expect(opened?.metadata).toEqual(
      await arrivalOf(octets, { uidlHash: null, arrivedAt: Math.trunc(statSync(path).mtimeMs) }),
    );
    expect(await buffer(opened?.content ?? Readable.from([]))).toEqual(octets);
  });

  it('forgets the metadata with the last copy', async () => {
    const count = () => used.database.get('SELECT count(*) AS n FROM arrival')?.['n'];
    await create();
    await used.store.park(KEY, REPORT);
    await used.store.remove('Incoming', KEY);
    expect(count()).toBe(1);
    await used.store.remove('Failed', KEY);
    expect(count()).toBe(0);
  });

  it('lists no stranger: other names, folders beside, halves', async () => {
    await create();
    const folder = join(used.folder, 'Incoming');
    writeFileSync(join(folder, 'sales', 'note.txt'), 'x');
    writeFileSync(join(folder, 'sales', 'short.eml'), 'x');
    writeFileSync(join(folder, '.DS_Store'), 'x');
    await mkdir(join(folder, 'not a mailbox'));
    writeFileSync(join(folder, 'not a mailbox', `${KEY.sha256}.eml`), 'x');
    const listed = await collected(used.store.list('Incoming'));
    expect(listed.map(({ key }) => key)).toEqual([KEY]);
  });

  it('goes on after somebody removed the folder of a mailbox', async () => {
    await create();
    await used.store.park(KEY, REPORT);
    rmSync(join(used.folder, 'Failed'), { recursive: true });
    await used.store.park(KEY, REPORT);
    expect(await readFile(fileOf('Failed'))).toEqual(OCTETS);
    rmSync(join(used.folder, 'Incoming'), { recursive: true });
    expect(await create()).toBe('created');
  });

  describe('when a write fails', () => {
    const leftovers = () => readdirSync(used.spool);

    it('leaves no file when the database cannot take the metadata', async () => {
      used.database.close();
      await expect(create()).rejects.toMatchObject({ permanence: 'temporary' });
      expect(leftovers()).toEqual([]);
      expect(await collected(used.store.list('Incoming'))).toEqual([]);
      expect(used.created).toEqual([]);
    });

    it('leaves no half when the message breaks off', async () => {
      const broken = { ...(await spooledMessage(OCTETS)), chunks: null, content: brokenOff };
      const writing = used.store.create(KEY, broken, await arrivalOf(OCTETS));
      await expect(writing).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
      expect(leftovers()).toEqual([]);
      expect(await used.store.open(KEY)).toBeNull();
    });

    it('leaves nothing when the name cannot be given', async () => {
      // A folder in the place of the mailbox's: link(2) fails, for root as well.
      await mkdir(join(used.folder, 'Incoming'));
      writeFileSync(join(used.folder, 'Incoming', 'sales'), 'a file where a folder belongs');
      await expect(create()).rejects.toMatchObject({ kind: 'store', permanence: 'temporary' });
      expect(leftovers()).toEqual([]);
    });

    it('leaves nothing when a report cannot be put in its place', async () => {
      await create();
      await mkdir(fileOf('Failed', KEY, 'json'), { recursive: true });
      await expect(used.store.park(KEY, REPORT)).rejects.toMatchObject({
        kind: 'store',
        permanence: 'temporary',
      });
      expect(leftovers()).toEqual([]);
    });

    it('says where, and that it may pass, when a message cannot be opened', async () => {
      await mkdir(join(used.folder, 'Incoming', 'sales'), { recursive: true });
      const loop = fileOf('Incoming');
      symlinkSync(loop, loop);
      await expect(used.store.open(KEY)).rejects.toMatchObject({
        kind: 'store',
        permanence: 'temporary',
      });
      await expect(used.store.open(KEY)).rejects.toThrow(`reading ${formatKey(KEY)} in Incoming/`);
    });

    it('calls a list that cannot be read a failure of the store', async () => {
      await create();
      const loop = join(used.folder, 'Incoming', 'loop');
      symlinkSync(loop, loop);
      await expect(collected(used.store.list('Incoming'))).rejects.toMatchObject({
        kind: 'store',
        permanence: 'temporary',
      });
    });
  });
});

function brokenOff(): Readable {
  const chunks = [OCTETS.subarray(0, 10)];
  return new Readable({
    read() {
      const chunk = chunks.shift();
      if (chunk !== undefined) this.push(chunk);
      else this.destroy(new Error('connection reset'));
    },
  });
}
