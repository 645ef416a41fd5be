import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { FileLogSync } from '../../shared/sqlite/log-sync.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import type { ScratchFolder } from '../support/scratch-folder.ts';

describe('the sync of a log', () => {
  let scratch: ScratchFolder;
  let file: string;
  let log: FileLogSync;

  beforeEach(() => {
    scratch = makeScratchFolder('log-sync');
    file = join(scratch.path, 'log');
    writeFileSync(file, 'frames');
    log = new FileLogSync(file);
  });
  afterEach(() => {
    log.close();
    scratch.remove();
  });

  it('ends well, again and again, over one descriptor', async () => {
    await Promise.all([log.sync(), log.sync()]);
    log.syncNow();

    expect(openOn(file)).toHaveLength(1);
  });

  it('says so where there is no log', async () => {
    const none = new FileLogSync(join(scratch.path, 'none'));

    await expect(none.sync()).rejects.toThrow('ENOENT');
    expect(() => {
      none.syncNow();
    }).toThrow('ENOENT');
  });

  it('gives the descriptor back when the last sync has ended', async () => {
    const syncing = log.sync();
    log.close();
    // Else its number would be another file's while the sync is under way.
    expect(openOn(file)).toHaveLength(1);

    await syncing;
    expect(openOn(file)).toEqual([]);
  });
});

/** Descriptors of this process on a file (proc(5)). */
function openOn(file: string): string[] {
  return readdirSync('/proc/self/fd').filter((number) => {
    try {
      return readlinkSync(`/proc/self/fd/${number}`) === file;
    } catch {
      return false;
    }
  });
}
