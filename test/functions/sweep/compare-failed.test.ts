import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { isWell, status } from '../../../functions/api/status.ts';
import { deliverMessage } from '../../../functions/deliver/deliver-message.ts';
import { routeMessage } from '../../../functions/route/route-message.ts';
import { compareFailed } from '../../../functions/sweep/compare-failed.ts';
import type { CompareFailedDeps } from '../../../functions/sweep/compare-failed.ts';
import { sweep } from '../../../functions/sweep/sweep.ts';
import { sweepHost } from '../../../functions/sweep/sweep-host.ts';
import type { Embedded, EmbeddedDeps } from '../../../infra/local/embedded.ts';
import type { ComparisonLedger } from '../../../shared/ledger/failed-ledger.ts';
import { claimDelivery } from '../../../shared/ledger/message-transitions.ts';
import { markRemoved, resetFailed } from '../../../shared/ledger/failed-transitions.ts';
import { COMPARISON_MS, OLD_MAIL_MS, SWEEP_GRACE_MS } from '../../../shared/limits.ts';
import { formatKey, NOTICES } from '../../../shared/mail/message-key.ts';
import type { MessageKey } from '../../../shared/mail/message-key.ts';
import { Database } from '../../../shared/sqlite/database.ts';
import { collected } from '../../support/collected.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { RecordingLog } from '../../support/recording-log.ts';
import { recordingMetrics } from '../../support/recording-metrics.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { storeArrival } from '../../support/stored-arrival.ts';

/** `Failed/` and the ledger, made to differ in every way, and put right. The store's times are the file system's. */
describe('comparison of Failed/ and the ledger', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let deps: EmbeddedDeps;
  let log: RecordingLog;
  let metrics: ReturnType<typeof recordingMetrics>;
  /** Refused, and in `Failed/`. */
  let key: MessageKey;

  beforeEach(async () => {
    scene = await makeEmbeddedScene({
      mails: { everyone: [] },
      smtp: { replies: (stage) => (stage === 'rcpt' ? '550 5.1.1 no such user' : undefined) },
    });
    scene.clock.advance(Date.now() - scene.clock.now());
    embedded = await scene.open();
    ({ deps } = embedded);
    [log, metrics] = [recordingLog(), recordingMetrics()];
    key = await refused('one');
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  async function refused(subject: string): Promise<MessageKey> {
    const octets = sampleMessage('gone@corp.example', subject);
    const made = await storeArrival(deps.store, 'everyone', octets);
    await routeMessage(deps, made);
    await deliverMessage(deps, made);
    return made;
  }

  /** As after a day in which nothing else happened. */
  async function compare(how: Partial<CompareFailedDeps> = {}, graceMs = 0) {
    scene.clock.advance(COMPARISON_MS);
    return compareFailed({ ...deps, log, metrics, ...how }, graceMs);
  }

  const item = async (which = key) => (await deps.messages.find([which])).get(formatKey(which));
  const copies = async () => (await collected(deps.store.list('Failed'))).map((one) => one.key);
  const reports = async () => (await collected(deps.store.listReports())).map((one) => one.key);
  const path = (ending: string) => join(scene.data, 'Failed', key.mailbox, key.sha256 + ending);
  const repaired = () =>
    log.entries.flatMap(({ event, fields }) =>
      event === 'difference repaired' ? [[fields['message'], fields['difference']]] : [],
    );
  const onlyRepair = (kind: string, which = key) => [[formatKey(which), kind]];

  /** As if the ledger had been restored from before the message. */
  function loseItem(): void {
    const database = new Database(embedded.folder.database);
    database.define(`DELETE FROM message WHERE sha256 = '${key.sha256}'`);
    database.close();
  }

  test('what is as it should be is no difference, and nobody is told', async () => {
    await refused('two');
    const before = [await item(), await copies(), await reports()];
    expect(await compare()).toBe(0);
    expect([await item(), await copies(), await reports()]).toEqual(before);
    expect(repaired()).toEqual([]);
    expect(metrics.published).toEqual([]);
    expect(log.entries).toEqual([]);
  });

  test('once a day, and not before', async () => {
    rmSync(path('.json'));
    expect(await compare()).toBe(1);
    rmSync(path('.json'));
    scene.clock.advance(COMPARISON_MS - 1);
    const again = () => compareFailed({ ...deps, log, metrics }, 0);
    expect(await again()).toBeNull();
    scene.clock.advance(1);
    expect(await again()).toBe(1);
  });

  test('a message that the ledger has lost is rebuilt from its report, and can be tried again', async () => {
    const before = await item();
    loseItem();
    expect(await compare()).toBe(1);
    expect(repaired()).toEqual(onlyRepair('forgotten'));
    const after = await item();
    expect(after?.recipients).toEqual(before?.recipients);
    expect(after?.decision).toMatchObject({ outcome: 'deliver', recipients: [{ source: 'To' }] });
    const reset = resetFailed({ now: scene.clock.now(), rebuilt: null });
    expect(await deps.messages.change(key, reset)).toHaveProperty('item');
    expect(await compare({}, 0)).toBe(1);
  });

  test('a copy of which nothing tells is held, with a report, and is no difference from then on', async () => {
    loseItem();
    rmSync(path('.json'));
    expect(await compare()).toBe(1);
    expect(repaired()).toEqual(onlyRepair('unknown'));
    expect((await item())?.decision).toMatchObject({ outcome: 'held', recipients: [] });
    expect(await deps.store.report(key)).toMatchObject({ reason: 'held', key: formatKey(key) });
    expect(await copies()).toEqual([key]);
    expect(await compare()).toBe(0);
  });

  test('a report that is gone, cannot be read, or says something else is written again', async () => {
    const before = await deps.store.report(key);
    rmSync(path('.json'));
    expect(await compare()).toBe(1);
    expect(await deps.store.report(key)).toEqual({ ...(before as object), transcript: null });
    writeFileSync(path('.json'), 'no JSON');
    expect(await compare()).toBe(1);
    writeFileSync(path('.json'), JSON.stringify({ ...(before as object), recipients: [] }));
    expect(await compare()).toBe(1);
    expect(await deps.store.report(key)).toMatchObject({ recipients: [{ state: 'failed' }] });
    expect(repaired()).toEqual(
      ['report', 'report', 'report'].map((kind) => [formatKey(key), kind]),
    );
  });

  test('a copy of a message that everybody has, or that somebody removed, is removed', async () => {
    const other = await refused('two');
    await deps.messages.change(key, (stored) => ({
      store: stored && {
        ...stored,
        recipients: stored.recipients.map((one) => ({ ...one, state: 'sent' as const })),
      },
      answer: null,
    }));
    const now = scene.clock.now();
    await deps.messages.change(other, markRemoved({ now, rebuilt: null, by: 'somebody' }));
    expect(await compare()).toBe(2);
    expect(repaired()).toEqual(
      expect.arrayContaining([...onlyRepair('leftover'), ...onlyRepair('leftover', other)]),
    );
    expect([await copies(), await reports()]).toEqual([[], []]);
  });

  test('a copy that is gone: the message counts as removed, and its report goes', async () => {
    rmSync(path('.eml'));
    expect(await compare()).toBe(1);
    expect(repaired()).toEqual(onlyRepair('lost'));
    expect(await item()).toMatchObject({
      copyRemovedAt: scene.clock.now(),
      failure: { removedBy: 'the sweep' },
    });
    expect(await reports()).toEqual([]);
    expect(await compare()).toBe(0);
  });

  test('a copy and its report that are gone are found by the ledger alone', async () => {
    await deps.store.remove('Failed', key);
    expect(await compare()).toBe(1);
    expect(repaired()).toEqual(onlyRepair('lost'));
    expect(await compare()).toBe(0);
  });

  test('a report that is left alone goes; where it is the last trace, the ledger takes it up first', async () => {
    rmSync(path('.eml'));
    loseItem();
    expect(await compare()).toBe(1);
    expect(await item()).toMatchObject({ copyRemovedAt: scene.clock.now() });
    expect(await reports()).toEqual([]);
    writeFileSync(path('.json'), 'no JSON');
    expect(await compare()).toBe(1);
    expect(repaired().at(-1)).toEqual([formatKey(key), 'orphan']);
    expect(await reports()).toEqual([]);
  });

  test('a retry that nothing carries on is written down, and the sweep queues it', async () => {
    const reset = resetFailed({ now: scene.clock.now(), rebuilt: null });
    await deps.messages.change(key, reset);
    expect(await compare()).toBe(1);
    expect(repaired()).toEqual(onlyRepair('stalled'));
    const queued: string[] = [];
    const deliverQueue = {
      send: (jobs: readonly MessageKey[]) =>
        Promise.resolve(void queued.push(...jobs.map(formatKey))),
    };
    await sweep({ ...deps, deliverQueue }, 0);
    expect(queued).toEqual([formatKey(key)]);
    expect(await compare()).toBe(0);
  });

  test('what is on its way, claimed, due later, or just written is left alone', async () => {
    // In Incoming/ still: it is finished from there.
    const octets = sampleMessage('gone@corp.example', 'on its way');
    const underWay = await storeArrival(deps.store, 'everyone', octets);
    await routeMessage(deps, underWay);
    await deps.messages.change(underWay, (stored) => ({
      store: stored && {
        ...stored,
        recipients: stored.recipients.map((one) => ({ ...one, state: 'failed' as const })),
        endedAt: scene.clock.now(),
      },
      answer: null,
    }));
    expect(await compare()).toBe(0);
    // A retry in hand, and one that was begun and not reset.
    const retriedAt = scene.clock.now();
    await deps.retries.begin(key, retriedAt);
    rmSync(path('.json'));
    expect(await compare()).toBe(0);
    await deps.messages.change(key, resetFailed({ now: retriedAt, rebuilt: null }));
    const until = scene.clock.now() + 2 * COMPARISON_MS;
    const token = 'in hand';
    await deps.messages.change(key, claimDelivery({ token, until, now: scene.clock.now() }));
    await deps.retries.end(key, retriedAt);
    expect(await compare()).toBe(0);
    expect(repaired()).toEqual([]);
  });

  test('nothing that happened within the grace counts', async () => {
    scene.clock.advance(COMPARISON_MS);
    const late = await refused('just now');
    await deps.store.remove('Failed', late);
    const again = () => compareFailed({ ...deps, log, metrics }, SWEEP_GRACE_MS);
    expect(await again()).toBe(0);
    scene.clock.advance(COMPARISON_MS);
    expect(await again()).toBe(1);
  });

  test('it is counted, told once, and shown by status until the next one', async () => {
    rmSync(path('.json'));
    await compare();
    expect(metrics.published).toEqual([['SweepDifferences', 1]]);
    expect(log.events('error')).toEqual(['Failed/ and the ledger differed']);
    const report = await status(deps);
    expect(report.comparison).toEqual({
      at: new Date(scene.clock.now()).toISOString(),
      differences: 1,
      messages: [formatKey(key)],
    });
    expect(isWell({ ...report, failed: 0, open: 0 })).toBe(false);
    const [notice = ''] = await notices();
    expect(notice).toContain('Subject: 1 difference between Failed/ and what is recorded of it');
    expect(notice).toContain(key.sha256.slice(0, 40));
    await compare();
    const later = await status(deps);
    expect(later.comparison.differences).toBe(0);
    expect(isWell({ ...later, failed: 0, open: 0 })).toBe(true);
    expect(await notices()).toHaveLength(1);
  });

  /** Of differences alone: a failure has its own. */
  async function notices(): Promise<string[]> {
    const found: string[] = [];
    for await (const { key: listed } of deps.store.list('Incoming')) {
      if (listed.mailbox !== NOTICES) continue;
      const opened = await deps.store.open(listed);
      const message = opened === null ? '' : await text(opened.content);
      if (message.includes('difference')) found.push(message);
    }
    return found;
  }

  test.each(['noted', 'repaired', 'told'] as const)(
    'the process dies when it has been %s: the next one counts and tells it all the same, once',
    async (when) => {
      rmSync(path('.json'));
      await expect(compare(dyingWhen(when))).rejects.toThrow('killed');
      const { comparisons } = deps;
      expect((await comparisons.read())?.underWay).toMatchObject({ found: { count: 1 } });
      expect(await compareFailed({ ...deps, log, metrics }, 0)).toBe(1);
      expect((await comparisons.read())?.last.count).toBe(1);
      expect(await notices()).toHaveLength(1);
      expect(await deps.store.report(key)).toMatchObject({ reason: 'refused' });
    },
  );

  function dyingWhen(when: 'noted' | 'repaired' | 'told'): Partial<CompareFailedDeps> {
    const kill = (): never => {
      throw new Error('killed');
    };
    const { comparisons } = deps;
    const change: ComparisonLedger['change'] = async (transition) =>
      (await notices()).length > 0 ? kill() : comparisons.change(transition);
    switch (when) {
      case 'noted':
        // Its last words as well: the first repair fails, and nothing after it is reached.
        return { store: { ...storeOf(), park: kill }, log: { ...log, error: kill } };
      case 'repaired':
        return { settings: { read: kill } };
      case 'told':
        return { comparisons: { read: () => comparisons.read(), change } };
    }
  }

  function storeOf(): EmbeddedDeps['store'] {
    const { store } = deps;
    return {
      create: (...words) => store.create(...words),
      open: (...words) => store.open(...words),
      park: (...words) => store.park(...words),
      find: (which) => store.find(which),
      report: (which) => store.report(which),
      listReports: () => store.listReports(),
      remove: (...words) => store.remove(...words),
      list: (area) => store.list(area),
    };
  }

  test('what cannot be repaired stops no other, and is found again', async () => {
    const other = await refused('two');
    rmSync(path('.json'));
    rmSync(path('.json').replace(key.sha256, other.sha256));
    const full = (which: MessageKey, ...words: [never]) =>
      which.sha256 === key.sha256
        ? Promise.reject(new Error('disk full'))
        : deps.store.park(which, ...words);
    expect(await compare({ store: { ...storeOf(), park: full } })).toBe(2);
    expect(repaired()).toEqual(onlyRepair('report', other));
    expect(log.events('error')).toContain('difference not repaired');
    expect(await compare()).toBe(1);
    expect(repaired().at(-1)).toEqual([formatKey(key), 'report']);
  });

  test('the host publishes the age of the oldest open message, and bears a comparison that fails', async () => {
    const broken = { ...deps, log, metrics, store: storeOf() };
    broken.store.listReports = () => {
      throw new Error('denied');
    };
    scene.clock.advance(COMPARISON_MS);
    // The notice of the failure lies there since the file system's now.
    const oldest = scene.clock.now() - 90_000;
    broken.store.list = async function* (area) {
      if (area === 'Incoming') yield await Promise.resolve({ key, storedAt: oldest });
    };
    expect(await sweepHost(broken, SWEEP_GRACE_MS)).toMatchObject({ open: 1, differences: null });
    expect(metrics.published).toEqual([['OldestOpenSeconds', 90]]);
    expect(log.events('error')).toEqual(['Failed/ and the ledger not compared']);
    expect((await deps.comparisons.read())?.comparedAt ?? null).toBeNull();
    // Nothing is open.
    broken.store.list = () => Readable.from([]);
    expect(log.events('warn')).not.toContain('old mail is still on its way');
    await sweepHost(broken, SWEEP_GRACE_MS);
    expect(metrics.published.at(-1)).toEqual(['OldestOpenSeconds', 0]);
    broken.store.list = () => Readable.from([{ key, storedAt: oldest - OLD_MAIL_MS }]);
    await sweepHost(broken, OLD_MAIL_MS * 2);
    expect(log.events('warn')).toContain('old mail is still on its way');
  });
});
