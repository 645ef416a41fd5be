import { describe, expect, test } from 'vitest';

import { CrashPlan } from '../../support/crash-plan.ts';
import { FetchWorld } from '../../support/fetch-world.ts';
import type { FetchWorldOptions } from '../../support/fetch-world.ts';
import { dateTime } from '../../../shared/mail/received.ts';

const DAY = 24 * 3_600_000;

/** A message that came to its mailbox so many days ago; null: nobody can tell. */
function datedMessage(world: FetchWorld, name: string, daysAgo: number | null): Buffer {
  const at = dateTime(world.clock.now() - (daysAgo ?? 0) * DAY);
  const received = daysAgo === null ? 'no time' : `from a by b; ${at}`;
  return Buffer.from(
    `Received: ${received}\r\nSubject: ${name}\r\nMessage-ID: <${name}@x>\r\n\r\n${name}\r\n`,
  );
}

function put(world: FetchWorld, name: string, daysAgo: number | null): Buffer {
  const content = datedMessage(world, name, daysAgo);
  world.provider.mails.push({ content, uidl: `uidl-${name}` });
  return content;
}

function worldWith(options: FetchWorldOptions) {
  const world = new FetchWorld({ keep: 'forever', ...options });
  const mails = {
    old: put(world, 'old', 100),
    recent: put(world, 'recent', 10),
    unreadable: put(world, 'unreadable', null),
  };
  return { world, ...mails };
}

async function carry(world: FetchWorld): Promise<void> {
  await world.fetch();
  await world.deliver();
  world.clock.advance(60_000);
}

function carried(world: FetchWorld, mails: readonly Buffer[]): number[] {
  return mails.map((mail) => world.deliveriesOf(mail));
}

async function stayingIn(world: FetchWorld): Promise<unknown> {
  return (await world.ledger.mailboxes.read('chris'))?.maildrop?.staying;
}

/** What is done with the mail that lies in a mailbox when it is first met. */
describe('initial', () => {
  test('none: what lies there stays, what comes is carried', async () => {
    const { world, old, recent, unreadable } = worldWith({ initial: 'none' });
    const first = await world.fetch();
    expect(first?.result).toMatchObject({ status: 'ok', fetched: 0, left: 0 });
    const fresh = put(world, 'fresh', 0);
    await carry(world);
    await carry(world);
    expect(carried(world, [old, recent, unreadable, fresh])).toEqual([0, 0, 0, 1]);
    expect(await stayingIn(world)).toMatchObject({ skipped: 3 });
  });

  test('an age: by the topmost Received field; what cannot be read is carried', async () => {
    const { world, old, recent, unreadable } = worldWith({ initial: '30d' });
    await carry(world);
    const late = put(world, 'late', 400);
    await carry(world);
    // What came after the first run is no backlog, whatever its date says.
    expect(carried(world, [old, recent, unreadable, late])).toEqual([0, 1, 1, 1]);
    expect(world.provider.count('TOP')).toBe(3);
  });

  test.each(['none', '30d'])('%s: what was left is never deleted by keep', async (initial) => {
    const { world, old } = worldWith({ initial, keep: 'none' });
    await carry(world);
    world.clock.advance(400 * DAY);
    put(world, 'fresh', 0);
    await carry(world);
    await carry(world);
    expect(world.provider.mails.map(({ content }) => content)).toContain(old);
    expect(world.deliveriesOf(old)).toBe(0);
  });

  test('a wider setting brings what a narrower one had left', async () => {
    const { world, old, recent, unreadable } = worldWith({ initial: 'none' });
    await carry(world);
    world.configure({ initial: '30d' });
    await carry(world);
    expect(carried(world, [old, recent, unreadable])).toEqual([0, 1, 1]);
    world.configure({ initial: 'all' });
    await carry(world);
    expect(carried(world, [old, recent, unreadable])).toEqual([1, 1, 1]);
  });

  test('a narrower setting does nothing to what was carried, and nothing to what comes', async () => {
    const { world, old, recent, unreadable } = worldWith({ initial: 'all' });
    await carry(world);
    world.configure({ initial: 'none' });
    const fresh = put(world, 'fresh', 50);
    await carry(world);
    expect(carried(world, [old, recent, unreadable, fresh])).toEqual([1, 1, 1, 1]);
  });

  test('after a renumbering what was left is recognised by its header block, and stays', async () => {
    const { world, old, recent, unreadable } = worldWith({ initial: 'none' });
    await carry(world);
    for (const mail of world.provider.mails) mail.uidl = `new-${mail.uidl}`;
    const fresh = put(world, 'fresh', 0);
    await carry(world);
    await carry(world);
    expect(carried(world, [old, recent, unreadable, fresh])).toEqual([0, 0, 0, 1]);
    expect(await stayingIn(world)).toMatchObject({ skipped: 3 });
  });

  test('another account of the mailbox has a first run of its own, and coming back is none', async () => {
    const { world, old } = worldWith({ initial: 'none' });
    await carry(world);
    world.useAccount({ username: 'kelly' });
    const [first] = world.provider.mails.splice(0);
    const others = put(world, 'others', 1);
    await carry(world);
    expect(world.deliveriesOf(others)).toBe(0);
    world.useAccount({});
    world.provider.mails.splice(0);
    if (first !== undefined) world.provider.mails.push(first);
    const missed = put(world, 'missed', 0);
    await carry(world);
    expect(carried(world, [old, missed])).toEqual([0, 1]);
  });

  test('a mailbox that an older version fetched has had its first run', async () => {
    const { world, old, recent } = worldWith({ initial: 'all' });
    await carry(world);
    await world.ledger.mailboxes.change('chris', (record) => ({
      store: record === null ? null : { ...record, maildrop: null },
      answer: null,
    }));
    world.configure({ initial: 'none' });
    const fresh = put(world, 'fresh', 0);
    await carry(world);
    expect(carried(world, [old, recent, fresh])).toEqual([1, 1, 1]);
  });

  test('without UIDL or TOP it says so, and what to set', async () => {
    const { world } = worldWith({ initial: '30d', keep: 'none' });
    world.provider.faults = { noUidl: true };
    const first = await world.fetch();
    expect(first?.result).toMatchObject({ status: 'failed', error: { kind: 'protocol' } });
    expect(first?.result.error?.message).toBe(
      'mailbox chris: initial "30d" expects a server with UIDL, 127.0.0.1 has none; use initial: all',
    );
    world.provider.faults = { noTop: true };
    const fresh = put(world, 'fresh', 0);
    const second = await world.fetch();
    expect(second?.result.error?.message).toBe(
      'mailbox chris: initial "30d" expects a server with TOP, 127.0.0.1 refuses it; use initial: all',
    );
    expect(world.provider.mails).toHaveLength(4);
    expect(world.deliveriesOf(fresh)).toBe(0);
  });

  test('one message whose header block cannot be read is carried, the others are judged', async () => {
    const { world, old, recent, unreadable } = worldWith({ initial: '30d' });
    world.provider.faults = { refused: new Set([recent]) };
    await carry(world);
    world.provider.faults = {};
    await carry(world);
    expect(carried(world, [old, recent, unreadable])).toEqual([0, 1, 1]);
  });

  test('a cap ends the first run, and the next goes on with the backlog', async () => {
    const world = new FetchWorld({ initial: '30d', keep: 'none', limits: { messagesPerRun: 2 } });
    const young = [1, 2, 3, 4, 5].map((days) => put(world, `young-${days}`, days));
    const old = [50, 60].map((days) => put(world, `old-${days}`, days));
    const first = await world.fetch();
    expect(first?.result).toMatchObject({ status: 'partial', fetched: 2, left: 3 });
    world.clock.advance(29 * DAY);
    await carry(world);
    await carry(world);
    await carry(world);
    expect(carried(world, young)).toEqual([1, 1, 1, 1, 1]);
    expect(carried(world, old)).toEqual([0, 0]);
    expect(world.provider.mails.map(({ content }) => content)).toEqual(old);
  });

  test.each(['none', '30d'])(
    '%s: the first run dies at any call: nothing of the backlog is carried, all that comes is',
    async (initial) => {
      const clean = new CrashPlan(Infinity, 'before');
      await worldWith({ initial }).world.fetch(clean);
      for (let at = 1; at <= clean.calls.length; at += 1) {
        for (const when of ['before', 'after'] as const) {
          const { world, old } = worldWith({ initial });
          await world.fetch(new CrashPlan(at, when));
          const hasBegun = (await world.ledger.mailboxes.read('chris'))?.maildrop != null;
          world.clock.advance(60_000);
          const fresh = put(world, 'fresh', 0);
          await carry(world);
          await carry(world);
          // Before the first run has begun to note what lies there, all that lies there is backlog.
          const isBacklog = !hasBegun && initial === 'none';
          expect(carried(world, [old, fresh]), `${when} ${at}`).toEqual([0, isBacklog ? 0 : 1]);
        }
      }
    },
  );
});
