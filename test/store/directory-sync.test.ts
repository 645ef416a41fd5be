import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { DirectorySync } from '../../shared/store/directory-sync.ts';

/** Syncs that end when the test says so. */
class HeldSyncs {
  readonly begun: string[] = [];
  readonly #ends: PromiseWithResolvers<undefined>[] = [];

  readonly sync = (folder: string): Promise<void> => {
    this.begun.push(folder);
    const end = Promise.withResolvers<undefined>();
    this.#ends.push(end);
    return end.promise;
  };

  async end(error?: Error): Promise<void> {
    const end = this.#ends.shift() ?? expect.fail('expected a sync under way');
    if (error === undefined) end.resolve(undefined);
    else end.reject(error);
    await turns();
  }
}

/** Lets everything happen that waits for nothing but its turn. */
async function turns(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('DirectorySync', () => {
  it('shares one sync between those who ask in the same turn', async () => {
    const held = new HeldSyncs();
    const syncs = new DirectorySync(held.sync);
    const asked = [syncs.sync('a'), syncs.sync('a'), syncs.sync('a')];
    await turns();
    expect(held.begun).toEqual(['a']);
    await held.end();
    await Promise.all(asked);
  });

  it('begins another for those who ask while one runs, since that one may have begun too early', async () => {
    const held = new HeldSyncs();
    const syncs = new DirectorySync(held.sync);
    const settled: string[] = [];
    const ask = (name: string) => syncs.sync('a').then(() => settled.push(name));
    const first = ask('first');
    await turns();
    const second = [ask('second'), ask('third')];
    await turns();
    expect(held.begun).toEqual(['a']);
    await held.end();
    expect(settled).toEqual(['first']);
    expect(held.begun).toEqual(['a', 'a']);
    await held.end();
    await Promise.all([first, ...second]);
    expect(settled).toEqual(['first', 'second', 'third']);
  });

  it('lets folders not wait for each other', async () => {
    const held = new HeldSyncs();
    const syncs = new DirectorySync(held.sync);
    const asked = [syncs.sync('a'), syncs.sync('b')];
    await turns();
    expect(held.begun).toEqual(['a', 'b']);
    await held.end();
    await held.end();
    await Promise.all(asked);
  });

  it('fails those whose sync failed, and nobody after them', async () => {
    const held = new HeldSyncs();
    const syncs = new DirectorySync(held.sync);
    const failing = Promise.allSettled([syncs.sync('a'), syncs.sync('a')]);
    await turns();
    const next = syncs.sync('a');
    await held.end(new Error('EIO'));
    expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await held.end();
    await next;
    const later = syncs.sync('a');
    await turns();
    await held.end();
    await later;
    expect(held.begun).toHaveLength(3);
  });

  it('syncs a folder that is there, and says so of one that is not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mailferry-sync-'));
    try {
      const syncs = new DirectorySync();
      await syncs.sync(folder);
      await expect(syncs.sync(join(folder, 'missing'))).rejects.toThrow(/ENOENT/);
      await syncs.sync(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
