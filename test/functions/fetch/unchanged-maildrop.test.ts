import { describe, expect, test } from 'vitest';

import { hashUidl } from '../../../functions/fetch/uidl-hash.ts';
import { MANY_LISTED } from '../../../shared/limits.ts';
import { FetchWorld, sizedMessage } from '../../support/fetch-world.ts';
import type { FetchWorldOptions } from '../../support/fetch-world.ts';
import { sha256Of } from '../../support/spooled-message.ts';
import { takenState, uidlRecord } from '../../support/uidl-records.ts';

/** For a machine that has much else to do. Milliseconds. */
const TIME_OUT_MS = 120_000;

function worldWith(options: FetchWorldOptions, count = 3): FetchWorld {
  const world = new FetchWorld(options);
  for (let at = 1; at <= count; at += 1) put(world, `m${at}`, 200 + at);
  return world;
}

function put(world: FetchWorld, name: string, size: number): void {
  world.provider.mails.push({ content: sizedMessage(name, size), uidl: `uidl-${name}` });
}

const SHARED = sizedMessage('shared', 200);

async function carry(world: FetchWorld): Promise<void> {
  await world.fetch();
  await world.deliver();
}

/** What an unchanged maildrop costs. */
describe('a maildrop that has not changed', () => {
  const READS = ['mailboxes.read', 'messages.find', 'uidls.find', 'uidls.all'];

  const reads = (world: FetchWorld): string[] => world.calls.filter((call) => READS.includes(call));

  test.each([
    ['forever', 50_000],
    ['365d', 2_000],
  ])(
    'keep %s: %d messages cost no ledger read but that of the mailbox record',
    async (keep, count) => {
      const world = new FetchWorld({ keep });
      await holdKnown(world, count);
      await world.fetch();
      world.forgetCalls();
      const outcome = await world.fetch();
      expect(outcome?.result).toMatchObject({ status: 'ok', fetched: 0, left: 0 });
      // The lease, which is taken in any case, comes with the record.
      expect(world.calls).toEqual(['mailboxes.change', 'mailboxes.change']);
      expect(world.provider.count('RETR')).toBe(0);
    },
    TIME_OUT_MS,
  );

  test('keep delivered: while some are not final, their items are looked at, and nothing else', async () => {
    const world = worldWith({ keep: 'delivered' }, 300);
    await world.fetch();
    world.forgetCalls();
    await world.fetch();
    expect(reads(world)).toEqual(['messages.find']);
  });

  test('the host makes room for very many messages, when something has changed', async () => {
    const world = new FetchWorld({ keep: 'forever', limits: { messagesPerRun: 1 } });
    for (let at = 1; at < MANY_LISTED; at += 1) {
      world.provider.mails.push({ content: SHARED, uidl: `uidl ${at}` });
    }
    await world.fetch();
    expect(world.madeRoom).toBe(0);
    put(world, 'one more', 300);
    await world.fetch();
    expect(world.madeRoom).toBe(1);
  });

  test('order and numbers do not matter, sizes do', async () => {
    const world = worldWith({ keep: 'forever' });
    await world.fetch();
    world.provider.mails.reverse();
    world.forgetCalls();
    await world.fetch();
    expect(reads(world)).toEqual([]);
    const first = world.provider.mails[0];
    if (first !== undefined) {
      world.provider.mails[0] = { content: sizedMessage('other', 999), uidl: first.uidl };
    }
    await world.fetch();
    expect(world.provider.count('RETR')).toBe(4);
  });

  test('other settings have it looked at again', async () => {
    const world = worldWith({ keep: 'forever' });
    await carry(world);
    world.configure({ keep: 'delivered' });
    await world.fetch();
    expect(world.provider.mails).toEqual([]);
  });

  test('more messages without an end than the record lists: looked at by their records', async () => {
    const world = worldWith({ keep: 'delivered' }, 600);
    await world.fetch();
    const record = await world.ledger.mailboxes.read('chris');
    expect(record?.maildrop?.listing?.unsettled).toBeNull();
    expect(JSON.stringify(record).length).toBeLessThan(2_000);
    await world.deliver();
    await world.fetch();
    expect(world.provider.mails).toEqual([]);
  });

  test('keep none asks nothing of the ledger for new mail either, but for its bytes', async () => {
    const world = worldWith({ keep: 'none' });
    await carry(world);
    put(world, 'm4', 300);
    world.forgetCalls();
    await world.fetch();
    expect(reads(world)).toEqual(['messages.find']);
  });
});

/** One message under many UIDLs, all known. */
async function holdKnown(world: FetchWorld, count: number): Promise<void> {
  const now = world.clock.now();
  const state = takenState({ sha256: sha256Of(SHARED) });
  const records = Array.from({ length: count }, (_, at) => {
    const uidl = `uidl ${at}`;
    world.provider.mails.push({ content: SHARED, uidl });
    const seen = { firstSeenAt: now, seenAt: now };
    return uidlRecord({ uidlHash: hashUidl(uidl), size: SHARED.length, state, ...seen });
  });
  const account = { mailbox: 'chris', host: '127.0.0.1', username: 'chris' };
  await world.ledger.uidls.record(account, records);
}
