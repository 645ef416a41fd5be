import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { routeMessage } from '../../../functions/route/route-message.ts';
import { sweep } from '../../../functions/sweep/sweep.ts';
import type { SweepDeps } from '../../../functions/sweep/sweep.ts';
import type { Embedded, EmbeddedDeps } from '../../../infra/local/embedded.ts';
import { claimDelivery, endAttempt } from '../../../shared/ledger/message-transitions.ts';
import { SWEEP_GRACE_MS } from '../../../shared/limits.ts';
import { formatKey } from '../../../shared/mail/message-key.ts';
import type { MessageKey } from '../../../shared/mail/message-key.ts';
import type { JobSender, MessageJob } from '../../../shared/queue/job-queue.ts';
import type { ListedMessage } from '../../../shared/store/mail-store.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { storeArrival } from '../../support/stored-arrival.ts';

const HOUR = 3_600_000;

/** The store's listing says when a message was stored by the file system's clock: here it says the test's. */
describe('sweep', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let deps: EmbeddedDeps;
  let key: MessageKey;
  let storedAt: number;

  beforeEach(async () => {
    scene = await makeEmbeddedScene({ mails: { everyone: [] } });
    embedded = await scene.open();
    ({ deps } = embedded);
    storedAt = scene.clock.now();
    key = await storeArrival(deps.store, 'everyone', sampleMessage('chris@corp.example', 'one'));
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  /** Sweeps, and tells what it queued. */
  async function sweepWith(graceMs: number, listed?: readonly ListedMessage[]) {
    const routed: MessageJob[] = [];
    const delivered: MessageJob[] = [];
    const into = (jobs: MessageJob[]): JobSender<MessageJob> => ({
      send: (more) => {
        jobs.push(...more);
        return Promise.resolve();
      },
    });
    const { store } = deps;
    const looked: SweepDeps = {
      ...deps,
      routeQueue: into(routed),
      deliverQueue: into(delivered),
      store: {
        create: (...words) => store.create(...words),
        open: (...words) => store.open(...words),
        park: (...words) => store.park(...words),
        find: (key) => store.find(key),
        report: (key) => store.report(key),
        listReports: () => store.listReports(),
        remove: (...words) => store.remove(...words),
        list: async function* (area) {
          if (listed !== undefined) yield* listed;
          else for await (const one of store.list(area)) yield { ...one, storedAt };
        },
      },
    };
    const result = await sweep(looked, graceMs);
    return { result, routed: routed.map(formatKey), delivered: delivered.map(formatKey) };
  }

  test('an undecided message is routed again when its grace is over, and not before', async () => {
    scene.clock.advance(SWEEP_GRACE_MS - 1);
    expect(await sweepWith(SWEEP_GRACE_MS)).toEqual({
      result: { open: 1, requeued: 0, oldestAt: storedAt },
      ...{ routed: [], delivered: [] },
    });
    scene.clock.advance(1);
    const swept = await sweepWith(SWEEP_GRACE_MS);
    expect(swept).toMatchObject({ routed: [formatKey(key)], delivered: [] });
    expect(swept.result.requeued).toBe(1);
  });

  test('without grace, as at a start, at once', async () => {
    expect((await sweepWith(0)).routed).toEqual([formatKey(key)]);
  });

  test('a decided message is delivered again; queued just now, it is left for another grace', async () => {
    await routeMessage(deps, key);
    scene.clock.advance(SWEEP_GRACE_MS);
    expect((await sweepWith(SWEEP_GRACE_MS)).delivered).toEqual([formatKey(key)]);
    scene.clock.advance(SWEEP_GRACE_MS - 1);
    expect((await sweepWith(SWEEP_GRACE_MS)).delivered).toEqual([]);
    scene.clock.advance(1);
    expect((await sweepWith(SWEEP_GRACE_MS)).delivered).toEqual([formatKey(key)]);
  });

  test('who is claimed or put off is left alone until that time and the grace are over', async () => {
    await routeMessage(deps, key);
    const until = scene.clock.now() + HOUR;
    await deps.messages.change(key, claimDelivery({ token: 'me', until, now: scene.clock.now() }));
    scene.clock.advance(HOUR - 1);
    expect((await sweepWith(0)).delivered).toEqual([]);
    const nextDue = until + HOUR;
    await deps.messages.change(
      key,
      endAttempt('me', scene.clock.now(), { giveUpAt: Infinity, nextDue: () => nextDue }),
    );
    scene.clock.advance(HOUR);
    expect((await sweepWith(0)).delivered).toEqual([]);
    scene.clock.advance(1);
    expect((await sweepWith(SWEEP_GRACE_MS)).delivered).toEqual([]);
    expect((await sweepWith(0)).delivered).toEqual([formatKey(key)]);
  });

  test('what is at its end and still lies there is finished', async () => {
    await routeMessage(deps, key);
    await deps.messages.change(key, (item) => ({
      store:
        item === null
          ? null
          : {
              ...item,
              recipients: item.recipients.map((one) => ({ ...one, state: 'sent' as const })),
              endedAt: scene.clock.now(),
            },
      answer: null,
    }));
    scene.clock.advance(SWEEP_GRACE_MS - 1);
    expect((await sweepWith(SWEEP_GRACE_MS)).delivered).toEqual([]);
    scene.clock.advance(1);
    expect((await sweepWith(SWEEP_GRACE_MS)).delivered).toEqual([formatKey(key)]);
  });

  test('all of a long listing, whatever its batches', async () => {
    const listed = Array.from({ length: 250 }, (_, index) => ({
      key: { mailbox: 'everyone', sha256: index.toString(16).padStart(64, '0') },
      storedAt: storedAt - index,
    }));
    const { result, routed } = await sweepWith(0, listed);
    expect(result).toEqual({ open: 250, requeued: 250, oldestAt: storedAt - 249 });
    expect(new Set(routed).size).toBe(250);
  });
});
