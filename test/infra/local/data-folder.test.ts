import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ownDataFolder } from '../../../infra/local/data-folder.ts';
import type { DataFolder } from '../../../infra/local/data-folder.ts';
import { Database } from '../../../shared/sqlite/database.ts';
import { makeScratchFolder } from '../../support/scratch-folder.ts';
import type { ScratchFolder } from '../../support/scratch-folder.ts';

let scratch: ScratchFolder;
let path = '';
let owned: DataFolder[] = [];

beforeEach(() => {
  scratch = makeScratchFolder('data-folder');
  path = join(scratch.path, 'deep', 'data');
  owned = [];
});

afterEach(() => {
  for (const one of owned) one.release();
  scratch.remove();
});

async function own(): Promise<DataFolder> {
  const folder = await ownDataFolder(path);
  owned.push(folder);
  return folder;
}

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}

describe('ownDataFolder', () => {
  it('makes the folder, for its owner alone, whatever the umask', async () => {
    const folder = await own();
    const database = new Database(folder.database);
    database.define('CREATE TABLE one (a TEXT)');
    try {
      expect([path, folder.spool].map(modeOf)).toEqual(['700', '700']);
      const files = readdirSync(path).filter((name) => name !== 'spool');
      expect(files).toEqual(
        expect.arrayContaining([
          'loop.key',
          'mailferry.sqlite',
          'mailferry.sqlite-wal',
          'owner.lock',
        ]),
      );
      for (const name of files) expect(`${name} ${modeOf(join(path, name))}`).toBe(`${name} 600`);
    } finally {
      database.close();
    }
  });

  it('closes a folder that others could read', async () => {
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'mailferry.sqlite'), '');
    for (const each of [path, join(path, 'mailferry.sqlite')]) chmodSync(each, 0o777);
    await own();
    expect([modeOf(path), modeOf(join(path, 'mailferry.sqlite'))]).toEqual(['700', '600']);
  });

  it('lets one in at a time, also within one process, and the next when it was released', async () => {
    const first = await own();
    const refusal = { kind: 'store', permanence: 'temporary' };
    await expect(ownDataFolder(path)).rejects.toMatchObject(refusal);
    await expect(ownDataFolder(path)).rejects.toThrow(/another mailferry has it/);
    first.release();
    first.release();
    await own();
  });

  it('says what is wrong with a lock that is none, and that waiting does not help', async () => {
    (await own()).release();
    writeFileSync(
      join(path, 'owner.lock'),
      'not a database, and long enough to be one '.repeat(20),
    );
    await expect(ownDataFolder(path)).rejects.toMatchObject({ permanence: 'permanent' });
    await expect(ownDataFolder(path)).rejects.toThrow(/owner\.lock could not be locked/);
  });

  it('empties the spool at start, whatever lies there', async () => {
    const first = await own();
    const { spool } = first;
    writeFileSync(join(spool, 'half.spool'), 'half a message');
    mkdirSync(join(spool, 'lost+found'));
    writeFileSync(join(spool, 'lost+found', '#1'), 'x');
    first.release();
    await own();
    expect(readdirSync(spool)).toEqual([]);
  });

  it('makes the key of the loop marker once, and takes no other in its place', async () => {
    const first = await own();
    expect(first.loopKey).toHaveLength(32);
    first.release();
    const second = await own();
    expect(second.loopKey.equals(first.loopKey)).toBe(true);
    second.release();
    writeFileSync(join(path, 'loop.key'), 'abcd\n');
    const wrong = ownDataFolder(path);
    await expect(wrong).rejects.toMatchObject({ kind: 'secret', permanence: 'permanent' });
    await expect(wrong).rejects.toThrow('expected 64 hexadecimal digits, got 4');
    expect(readFileSync(join(path, 'loop.key'), 'latin1')).toBe('abcd\n');
    // The refused start has let the folder go.
    rmSync(join(path, 'loop.key'));
    await own();
  });
});
