import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { deliverMessage } from '../../../functions/deliver/deliver-message.ts';
import type { DeliverDeps } from '../../../functions/deliver/deliver-message.ts';
import { routeMessage } from '../../../functions/route/route-message.ts';
import type { Embedded, EmbeddedDeps } from '../../../infra/local/embedded.ts';
import type { Courier, Parcel } from '../../../shared/courier/courier.ts';
import { Failure } from '../../../shared/failure.ts';
import { MAX_STARTS } from '../../../shared/limits.ts';
import { formatKey } from '../../../shared/mail/message-key.ts';
import type { MessageKey } from '../../../shared/mail/message-key.ts';
import type { MailStore, OpenedMessage } from '../../../shared/store/mail-store.ts';
import { filesIn, onlyReport } from '../../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { handOverOf } from '../../support/hand-overs.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { RecordingLog } from '../../support/recording-log.ts';
import { recordingMetrics } from '../../support/recording-metrics.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { keyOf } from '../../support/spooled-message.ts';
import { storeArrival } from '../../support/stored-arrival.ts';

const MINUTE = 60_000;
const MESSAGE = sampleMessage('chris@corp.example, kelly@corp.example', 'one');

describe('deliverMessage', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let deps: EmbeddedDeps;
  let log: RecordingLog;
  let key: MessageKey;

  beforeEach(async () => {
    log = recordingLog();
    scene = await makeEmbeddedScene({ mails: { everyone: [] }, log });
    embedded = await scene.open();
    ({ deps } = embedded);
    key = await storeArrival(deps.store, 'everyone', MESSAGE);
    await routeMessage(deps, key);
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  async function item(of = key) {
    return (await deps.messages.find([of])).get(formatKey(of));
  }

  function by(deliver: (parcel: Parcel) => ReturnType<Courier['deliver']>): DeliverDeps {
    const courier = { recipientsAtOnce: 100, deliver, close: () => Promise.resolve() };
    return { ...deps, courierFor: () => courier };
  }

  /** The operating system closes the files of a dead process; here the test does. */
  function rememberingStore(opened: OpenedMessage[]): MailStore {
    const { store } = deps;
    return {
      create: (...words) => store.create(...words),
      open: async (...words) => {
        const message = await store.open(...words);
        if (message !== null) opened.push(message);
        return message;
      },
      park: (...words) => store.park(...words),
      find: (key) => store.find(key),
      report: (key) => store.report(key),
      listReports: () => store.listReports(),
      remove: (...words) => store.remove(...words),
      list: (area) => store.list(area),
    };
  }

  test('a late job after the end sends nothing, and finishes again what was put back', async () => {
    expect(await deliverMessage(deps, key)).toEqual({ kind: 'done' });
    expect(scene.smtp.received).toHaveLength(1);
    // S3 may show the event of a key that was created again.
    await storeArrival(deps.store, 'everyone', MESSAGE);
    expect(await deliverMessage(deps, key)).toEqual({ kind: 'done' });
    expect(scene.smtp.received).toHaveLength(1);
    expect(filesIn(scene.data, 'Incoming')).toEqual([]);
  });

  test('a crash between the copy in Failed/ and the removal: finished by the next job, transcript kept', async () => {
    const refusing = by((parcel) =>
      Promise.resolve(
        handOverOf(parcel.envelope.recipients, 'permanent', { transcript: ['S: 550 no'] }),
      ),
    );
    const { store } = deps;
    const metrics = recordingMetrics();
    const dying: DeliverDeps = {
      ...refusing,
      metrics,
      store: {
        create: (...words) => store.create(...words),
        open: (...words) => store.open(...words),
        park: (...words) => store.park(...words),
        find: (key) => store.find(key),
        report: (key) => store.report(key),
        listReports: () => store.listReports(),
        remove: () => Promise.reject(new Error('died')),
        list: (area) => store.list(area),
      },
    };
    await expect(deliverMessage(dying, key)).rejects.toThrow('died');
    expect(metrics.published).toEqual([['Parked', 1]]);
    const mailOf = (mailbox: string) =>
      filesIn(scene.data, 'Incoming').filter((name) => name.startsWith(mailbox));
    expect(mailOf('everyone')).toHaveLength(1);
    // People are told before it leaves Incoming/, and only once.
    expect(mailOf('_notices')).toHaveLength(1);
    expect(await deliverMessage(deps, key)).toEqual({ kind: 'done' });
    expect(mailOf('everyone')).toEqual([]);
    expect(mailOf('_notices')).toHaveLength(1);
    expect(onlyReport(scene.data)).toMatchObject({ reason: 'refused', transcript: ['S: 550 no'] });
    expect(scene.smtp.received).toEqual([]);

    // One later still finds it finished, and leaves the copy and its report alone.
    const report = onlyReport(scene.data);
    scene.clock.advance(MINUTE);
    expect(await deliverMessage({ ...deps, metrics }, key)).toEqual({ kind: 'done' });
    expect(onlyReport(scene.data)).toEqual(report);
    expect(metrics.published).toHaveLength(1);
  });

  test('two jobs at once: one delivers, the other is put off until the claim ends', async () => {
    const outcomes = await Promise.all([deliverMessage(deps, key), deliverMessage(deps, key)]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['done', 'later']);
    expect(scene.smtp.received).toHaveLength(1);
  });

  test('many recipients go in transactions of 100, each written down before the next begins', async () => {
    const addresses = Array.from({ length: 250 }, (_, at) => `u${at}@corp.example`);
    const many = await storeArrival(
      deps.store,
      'everyone',
      sampleMessage(addresses.join(', '), 'all'),
    );
    await routeMessage(deps, many);
    const sizes: number[] = [];
    const sentBefore: number[] = [];
    const counting = by(async ({ envelope }) => {
      const states = (await item(many))?.recipients.map(({ state }) => state) ?? [];
      sizes.push(envelope.recipients.length);
      sentBefore.push(states.filter((state) => state === 'sent').length);
      // Long: without an extension the claim would end under the transactions after it.
      scene.clock.advance(10 * MINUTE);
      return handOverOf(envelope.recipients, 'sent');
    });
    expect(await deliverMessage(counting, many)).toEqual({ kind: 'done' });
    expect(sizes).toEqual([100, 100, 50]);
    expect(sentBefore).toEqual([0, 100, 200]);
    expect((await item(many))?.recipients.every(({ state }) => state === 'sent')).toBe(true);
  });

  test('a refusal that may be over one of several is put to each alone; the others have the mail', async () => {
    const handed: (readonly string[])[] = [];
    const refusing = by(({ envelope: { recipients } }) => {
      handed.push(recipients);
      const refused = recipients.includes('kelly@corp.example');
      const divisible = refused && recipients.length > 1;
      return Promise.resolve(handOverOf(recipients, refused ? 'permanent' : 'sent', { divisible }));
    });
    expect(await deliverMessage(refusing, key)).toEqual({ kind: 'done' });
    const [chris, kelly] = ['chris@corp.example', 'kelly@corp.example'];
    expect(handed).toEqual([[chris, kelly], [chris], [kelly]]);
    const states = (await item())?.recipients.map(({ state, attempts }) => [state, attempts]);
    expect(states).toEqual([
      ['sent', 1],
      ['failed', 1],
    ]);
  });

  test('a server that takes few recipients at once: the others follow at once, each transaction written down', async () => {
    const handed: (readonly string[])[] = [];
    const sentBefore: number[] = [];
    const four = ['ann', 'bob', 'chris', 'kelly'].map((name) => `${name}@corp.example`);
    const some = await storeArrival(deps.store, 'everyone', sampleMessage(four.join(', '), 'few'));
    await routeMessage(deps, some);
    const limited = by(async ({ envelope: { recipients } }) => {
      handed.push(recipients);
      const states = (await item(some))?.recipients.map(({ state }) => state) ?? [];
      sentBefore.push(states.filter((state) => state === 'sent').length);
      const { replies, ...rest } = handOverOf(recipients, 'sent');
      const tooMany = { verdict: 'temporary', code: 452, enhancedCode: '4.5.3' } as const;
      return {
        ...rest,
        crowdedOut: recipients.slice(2),
        replies: replies.map((one, at) => (at < 2 ? one : { ...one, ...tooMany })),
      };
    });
    expect(await deliverMessage(limited, some)).toEqual({ kind: 'done' });
    expect(handed).toEqual([four, four.slice(2)]);
    expect(sentBefore).toEqual([0, 2]);
    expect((await item(some))?.recipients.map(({ state, attempts }) => [state, attempts])).toEqual(
      four.map(() => ['sent', 1]),
    );
  });

  test('a server that has too many recipients with the first one is not asked again at once', async () => {
    let calls = 0;
    const full = by(({ envelope: { recipients } }) => {
      calls += 1;
      const { replies, ...rest } = handOverOf(recipients, 'temporary');
      const tooMany = { code: 452, enhancedCode: '4.5.3' };
      return Promise.resolve({
        ...rest,
        crowdedOut: recipients,
        replies: replies.map((one) => ({ ...one, ...tooMany })),
      });
    });
    expect(await deliverMessage(full, key)).toMatchObject({ kind: 'later' });
    expect(calls).toBe(1);
    expect((await item())?.recipients.map(({ attempts }) => attempts)).toEqual([1, 1]);
  });

  test('a destination that goes down in the middle: the groups behind wait untried', async () => {
    const addresses = Array.from({ length: 250 }, (_, at) => `u${at}@corp.example`);
    const many = sampleMessage(addresses.join(', '), 'all');
    const manyKey = await storeArrival(deps.store, 'everyone', many);
    await routeMessage(deps, manyKey);
    let calls = 0;
    const failing = by(({ envelope: { recipients } }) => {
      calls += 1;
      return Promise.resolve(
        calls === 1
          ? handOverOf(recipients, 'sent')
          : handOverOf(recipients, 'temporary', { destination: 'down' }),
      );
    });
    expect(await deliverMessage(failing, manyKey)).toMatchObject({ kind: 'later' });
    expect(calls).toBe(2);
    const attempts = (await item(manyKey))?.recipients.map((one) => one.attempts) ?? [];
    expect(attempts.filter((count) => count === 0)).toHaveLength(50);
    expect(await item(manyKey)).toMatchObject({ claim: null, starts: 0, deferrals: 0 });
  });

  test('a courier that throws is a deferral, and nobody was refused', async () => {
    const throwing = by(() => Promise.reject(new Error('broken courier')));
    expect(await deliverMessage(throwing, key)).toEqual({
      kind: 'later',
      at: scene.clock.now() + MINUTE,
    });
    expect(await item()).toMatchObject({ claim: null, starts: 0, deferrals: 1 });
    expect(filesIn(scene.data, 'Failed')).toEqual([]);
    expect(log.events('error')).toEqual(['delivery could not begin']);
  });

  test('starts that never reach an outcome park the message as internal', async () => {
    const opened: OpenedMessage[] = [];
    for (let start = 1; start <= MAX_STARTS; start += 1) {
      // The process dies in the middle: the courier never answers, and the claim runs out.
      let begun: () => void = () => undefined;
      const underWay = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const dying = by(() => {
        begun();
        return new Promise(() => undefined);
      });
      void deliverMessage({ ...dying, store: rememberingStore(opened) }, key);
      await underWay;
      expect((await item())?.starts).toBe(start);
      scene.clock.advance(16 * MINUTE);
    }
    expect(await deliverMessage(deps, key)).toEqual({ kind: 'done' });
    expect(scene.smtp.received).toEqual([]);
    expect(onlyReport(scene.data)).toMatchObject({
      reason: 'internal',
      explanation: expect.stringContaining('never came to an outcome') as string,
    });
    expect(filesIn(scene.data, 'Incoming')).toEqual([
      expect.stringMatching(/^_notices\/[0-9a-f]{64}\.eml$/),
    ]);
    for (const { content } of opened) content.destroy();
  });

  test('settings that cannot be read are no start: the job fails, the message is free', async () => {
    const settings = {
      read: () => Promise.reject(new Failure('settings', 'permanent', 'unreadable')),
    };
    for (let job = 1; job <= 4; job += 1) {
      await expect(deliverMessage({ ...deps, settings }, key)).rejects.toThrow('unreadable');
    }
    expect(await item()).toMatchObject({ claim: null, starts: 0 });
    expect(await deliverMessage(deps, key)).toEqual({ kind: 'done' });
    expect(scene.smtp.received).toHaveLength(1);
  });

  test('a message that the store lost is an alarm at each attempt, and never a success', async () => {
    await deps.store.remove('Incoming', key);
    expect(await deliverMessage(deps, key)).toMatchObject({ kind: 'later' });
    expect(log.entries).toContainEqual({
      level: 'error',
      event: 'delivery could not begin',
      fields: {
        message: formatKey(key),
        error: expect.stringContaining('found it in neither') as string,
      },
    });
    expect((await item())?.recipients.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
  });

  test('without a decision the job goes back to route', async () => {
    const other = keyOf('everyone', sampleMessage('chris@corp.example', 'other'));
    const before = (await embedded.queues.route.depth()).ready;
    expect(await deliverMessage(deps, other)).toEqual({ kind: 'done' });
    expect((await embedded.queues.route.depth()).ready).toBe(before + 1);
    expect(await item(other)).toBeUndefined();
  });

  test('more recipients than one transaction takes: each group is recorded before the next', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `r${index}@corp.example`);
    const many = await storeArrival(
      deps.store,
      'everyone',
      sampleMessage(names.join(',\r\n '), 'many'),
    );
    await routeMessage(deps, many);
    const seen: number[] = [];
    const counting = by(async (parcel) => {
      const recorded = (await item(many))?.recipients.filter(({ state }) => state === 'sent');
      seen.push(recorded?.length ?? -1);
      return handOverOf(parcel.envelope.recipients, 'sent');
    });
    expect(await deliverMessage(counting, many)).toEqual({ kind: 'done' });
    expect(seen).toEqual([0, 100]);
    expect((await item(many))?.recipients.every(({ state }) => state === 'sent')).toBe(true);
  });
});
