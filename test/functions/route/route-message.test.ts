import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { deliverMessage } from '../../../functions/deliver/deliver-message.ts';
import { routeMessage } from '../../../functions/route/route-message.ts';
import type { RouteDeps } from '../../../functions/route/route-message.ts';
import type { Embedded, EmbeddedDeps } from '../../../infra/local/embedded.ts';
import { formatKey } from '../../../shared/mail/message-key.ts';
import type { MessageKey } from '../../../shared/mail/message-key.ts';
import { NOTICES } from '../../../shared/mail/message-key.ts';
import type { Settings } from '../../../shared/settings/settings.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { keyOf } from '../../support/spooled-message.ts';
import { storeArrival } from '../../support/stored-arrival.ts';

const MESSAGE = sampleMessage('chris@corp.example, kelly@corp.example', 'one');

describe('routeMessage', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let deps: EmbeddedDeps;

  beforeEach(async () => {
    scene = await makeEmbeddedScene({ mails: { everyone: [] } });
    embedded = await scene.open();
    ({ deps } = embedded);
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  async function itemOf(key: MessageKey) {
    return (await deps.messages.find([key])).get(formatKey(key));
  }

  async function withSettings(change: (settings: Settings) => Settings): Promise<RouteDeps> {
    const settings = change(await deps.settings.read());
    return { ...deps, settings: { read: () => Promise.resolve(settings) } };
  }

  test('decides, and queues one delivery; a second time it goes by the first decision', async () => {
    const key = await storeArrival(deps.store, 'everyone', MESSAGE);
    expect(await routeMessage(deps, key)).toEqual({ kind: 'done' });
    const first = await itemOf(key);
    expect(first?.recipients.map(({ address, state }) => [address, state])).toEqual([
      ['chris@corp.example', 'waiting'],
      ['kelly@corp.example', 'waiting'],
    ]);
    const others = await withSettings((settings) => ({
      ...settings,
      general: { ...settings.general, domains: ['other.example'] },
    }));
    expect(await routeMessage(others, key)).toEqual({ kind: 'done' });
    expect(await itemOf(key)).toEqual(first);
    expect(await embedded.queues.deliver.depth()).toMatchObject({ ready: 1 });
  });

  test('waits, undecided, while the mailbox’s entry is broken', async () => {
    const key = await storeArrival(deps.store, 'everyone', MESSAGE);
    const broken = await withSettings((settings) => ({
      ...settings,
      mailboxes: new Map(),
      broken: new Map([['everyone', []]]),
    }));
    expect(await routeMessage(broken, key)).toEqual({
      kind: 'later',
      at: scene.clock.now() + 5 * 60_000,
    });
    expect(await itemOf(key)).toBeUndefined();
    expect(await embedded.queues.deliver.depth()).toMatchObject({ ready: 0 });
    // Mended, it goes on.
    await routeMessage(deps, key);
    expect((await itemOf(key))?.decision?.outcome).toBe('deliver');
  });

  test.each([
    ['gone', 'mailbox gone is not in the configuration any more'],
    [NOTICES, 'a notice without its recipient beside it'],
  ])('holds what belongs to no mailbox (%s), and claims nothing for it', async (mailbox, said) => {
    const key = await storeArrival(deps.store, mailbox, MESSAGE);
    expect(await routeMessage(deps, key)).toEqual({ kind: 'done' });
    expect((await itemOf(key))?.decision).toMatchObject({ outcome: 'held', warnings: [said] });
    await deliverMessage(deps, key);
    expect(await deps.store.open(key, 0)).toMatchObject({ area: 'Failed' });
  });

  test('claims each recipient for the first copy alone, which passes its own claim again', async () => {
    const key = await storeArrival(deps.store, 'everyone', MESSAGE);
    const copy = Buffer.concat([Buffer.from('Delivered-To: kelly@corp.example\r\n'), MESSAGE]);
    const other = await storeArrival(deps.store, 'everyone', copy);
    // As after a crash between the claims and the decision.
    const dying: RouteDeps = {
      ...deps,
      messages: {
        find: (keys) => deps.messages.find(keys),
        change: () => Promise.reject(new Error('died')),
      },
    };
    await expect(routeMessage(dying, key)).rejects.toThrow('died');
    await routeMessage(deps, other);
    await routeMessage(deps, key);
    const statesOf = async (one: MessageKey) =>
      (await itemOf(one))?.recipients.map(({ state }) => state);
    expect(await statesOf(key)).toEqual(['waiting', 'waiting']);
    expect(await statesOf(other)).toEqual(['duplicate', 'duplicate']);
  });

  test('a header block beyond the limit is held', async () => {
    const line = `X-Long: ${'x'.repeat(70)}\r\n`;
    const huge = Buffer.from(line.repeat(Math.ceil((8 * 1024 * 1024) / line.length) + 1));
    const key = await storeArrival(deps.store, 'everyone', huge);
    await routeMessage(deps, key);
    expect((await itemOf(key))?.decision).toMatchObject({
      outcome: 'held',
      warnings: ['the header block is longer than 8 MiB'],
    });
  });

  describe('a job whose message is not in Incoming/', () => {
    test('ends quietly when the message reached its end', async () => {
      const key = await storeArrival(deps.store, 'everyone', MESSAGE);
      await routeMessage(deps, key);
      await deliverMessage(deps, key);
      expect(await deps.store.open(key)).toBeNull();
      expect(await routeMessage(deps, key)).toEqual({ kind: 'done' });
    });

    test('ends quietly when it lies in Failed/ and the ledger does not know it', async () => {
      const key = await storeArrival(deps.store, 'gone', MESSAGE);
      await routeMessage(deps, key);
      await deliverMessage(deps, key);
      const forgotten: RouteDeps = {
        ...deps,
        messages: {
          find: () => Promise.resolve(new Map()),
          change: () => Promise.reject(new Error('expected no decision on what has ended')),
        },
      };
      expect(await routeMessage(forgotten, key)).toEqual({ kind: 'done' });
    });

    test('is an alarm when it is nowhere', async () => {
      await expect(routeMessage(deps, keyOf('everyone', MESSAGE))).rejects.toMatchObject({
        kind: 'store',
        permanence: 'permanent',
        message: expect.stringContaining('found none') as string,
      });
    });
  });
});
