import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Database } from '../../shared/sqlite/database.ts';
import { ArrivalIndex } from '../../shared/store/arrival-index.ts';
import type { ArrivalMetadata } from '../../shared/store/mail-store.ts';
import { arrivalOf, keyOf } from '../support/spooled-message.ts';

const OCTETS = Buffer.from('a: b\r\n\r\nnotice\r\n');
const KEY = keyOf('_notices', OCTETS);

describe('ArrivalIndex', () => {
  let folder = '';
  let database: Database;
  let index: ArrivalIndex;
  let metadata: ArrivalMetadata;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'mailferry-arrival-'));
    database = new Database(join(folder, 'mailferry.sqlite'));
    index = new ArrivalIndex(database);
    metadata = await arrivalOf(OCTETS, { recipient: 'office@corp.example' });
    writeFileSync(join(folder, 'message.eml'), OCTETS);
  });
  afterEach(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });

  const nowhere = () => false;
  const record = (known: Partial<ArrivalMetadata> = {}): Promise<void> =>
    index.whileCreating(KEY, { ...metadata, ...known }, (recorded) => recorded);
  /** Null where nothing is recorded: who is measured has no recipient. */
  const recipient = async (): Promise<string | null> =>
    (await index.find(KEY, join(folder, 'message.eml'))).recipient;

  it('keeps the first arrival', async () => {
    await record();
    await record({ recipient: 'late@corp.example' });
    expect(await recipient()).toBe('office@corp.example');
  });

  it('forgets what is stored nowhere, and nothing else', async () => {
    await record();
    await index.forget(KEY, () => true);
    expect(await recipient()).toBe('office@corp.example');
    await index.forget(KEY, nowhere);
    expect(await recipient()).toBeNull();
  });

  it('does not forget a message that is between its metadata and its name', async () => {
    await index.whileCreating(KEY, metadata, async (recorded) => {
      await recorded;
      await index.forget(KEY, nowhere);
    });
    expect(await recipient()).toBe('office@corp.example');
    await index.forget(KEY, nowhere);
    expect(await recipient()).toBeNull();
  });

  it('waits for the last of several that create the same message', async () => {
    await index.whileCreating(KEY, metadata, async (recorded) => {
      await recorded;
      await record();
      await index.forget(KEY, nowhere);
    });
    expect(await recipient()).toBe('office@corp.example');
  });

  it('forgets again after a creation that failed', async () => {
    const failing = index.whileCreating(KEY, metadata, async (recorded) => {
      await recorded;
      throw new Error('no space left on device');
    });
    await expect(failing).rejects.toThrow('no space left');
    await index.forget(KEY, nowhere);
    expect(await recipient()).toBeNull();
  });

  it('fails only who waits for a record that could not be written', async () => {
    database.close();
    await index.whileCreating(KEY, metadata, () => Promise.resolve());
    await expect(record()).rejects.toMatchObject({ kind: 'ledger', permanence: 'temporary' });
  });
});
