import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Database } from '../../shared/sqlite/database.ts';
import type { LogSync } from '../../shared/sqlite/log-sync.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import type { ScratchFolder } from '../support/scratch-folder.ts';

const TEMPORARY = { name: 'Failure', kind: 'ledger', permanence: 'temporary' };

/** A log whose syncs end when the test says so. */
class HeldLog implements LogSync {
  syncs = 0;
  syncsNow = 0;
  #end: () => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  sync(): Promise<void> {
    this.syncs += 1;
    return new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
  }

  /** Fails once with this: the kernel reports a lost write to the first who asks, and not to the next. */
  faultNow: Error | null = null;

  syncNow(): void {
    this.syncsNow += 1;
    const fault = this.faultNow;
    this.faultNow = null;
    if (fault !== null) throw fault;
  }

  close(): void {
    this.end();
  }

  end(): void {
    this.#end();
  }

  fail(error: Error): void {
    this.#fail(error);
  }

  /** Resolves when so many syncs were asked for. */
  async asked(count: number): Promise<void> {
    while (this.syncs < count) await twoTurns();
  }
}

/** Long enough for whatever waits for no more than its turn. */
async function twoTurns(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function settled<Result>(promise: Promise<Result>): { end: Promise<Result>; yet(): boolean } {
  let isOver = false;
  const end = promise.finally(() => {
    isOver = true;
  });
  return { end, yet: () => isOver };
}

describe('the log of a database', () => {
  let scratch: ScratchFolder;
  let log: HeldLog;
  let held: Database;
  const putIn = (text: string) =>
    held.write(() => {
      held.run('INSERT INTO word VALUES (?)', text);
      return text;
    });

  beforeEach(() => {
    scratch = makeScratchFolder('database-log');
    log = new HeldLog();
    held = new Database(join(scratch.path, 'held.sqlite'), 'owner', log);
    held.define('CREATE TABLE word (text TEXT NOT NULL UNIQUE)');
  });
  afterEach(() => {
    held.close();
    scratch.remove();
  });

  it('is synced after the commit, and before anybody is told', async () => {
    const told = settled(putIn('one'));
    await log.asked(1);
    expect(held.all('SELECT text FROM word')).toEqual([{ text: 'one' }]);
    expect(told.yet()).toBe(false);

    log.end();
    await told.end;
  });

  it('is synced once for all that came during a sync, and they are committed after it', async () => {
    const first = putIn('one');
    await log.asked(1);
    const others = [putIn('two'), putIn('three')];
    await twoTurns();
    expect(held.all('SELECT text FROM word')).toEqual([{ text: 'one' }]);

    log.end();
    await first;
    await log.asked(2);
    log.end();
    expect(await Promise.all(others)).toEqual(['two', 'three']);
    expect(log.syncs).toBe(2);
  });

  it('is not synced for work that changed nothing, which still waits for what it may have seen', async () => {
    const first = putIn('one');
    await log.asked(1);
    const look = settled(held.write(() => held.all('SELECT text FROM word')));
    await twoTurns();
    expect(look.yet()).toBe(false);

    log.end();
    await first;
    expect(await look.end).toEqual([{ text: 'one' }]);
    expect(log.syncs).toBe(1);
  });

  it('acknowledges nothing any more once a sync failed: what it was for may be lost without a word', async () => {
    const first = putIn('one');
    await log.asked(1);
    const second = putIn('two');
    log.fail(new Error('EIO: i/o error, fdatasync'));

    await expect(first).rejects.toMatchObject(TEMPORARY);
    await expect(first).rejects.toThrow(/log to reach the disk, got EIO/);
    await expect(second).rejects.toMatchObject(TEMPORARY);
    await expect(putIn('three')).rejects.toMatchObject(TEMPORARY);
    expect(held.all('SELECT text FROM word')).toEqual([{ text: 'one' }]);
  });

  it('is synced at once by close, for what waits and for what was under way', async () => {
    const first = putIn('one');
    await log.asked(1);
    const second = putIn('two');
    held.close();

    expect(await Promise.all([first, second])).toEqual(['one', 'two']);
    expect(log.syncsNow).toBeGreaterThan(0);
    log.end();
  });

  it('acknowledges nothing at close where its sync fails', async () => {
    const first = putIn('one');
    await log.asked(1);
    const second = putIn('two');
    log.faultNow = new Error('EIO: i/o error, fdatasync');
    held.close();

    const results = await Promise.allSettled([first, second]);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: TEMPORARY });
    }
  });
});
