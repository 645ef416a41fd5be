import { describe, expect, test } from 'vitest';

import { FetchWorld, sizedMessage } from '../../support/fetch-world.ts';
import type { FetchWorldOptions } from '../../support/fetch-world.ts';
import { sha256Of } from '../../support/spooled-message.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function worldWith(options: FetchWorldOptions, count = 3): FetchWorld {
  const world = new FetchWorld(options);
  for (let at = 1; at <= count; at += 1) put(world, `m${at}`, 200 + at);
  return world;
}

function put(world: FetchWorld, name: string, size: number, uidl = `uidl-${name}`): Buffer {
  const content = sizedMessage(name, size);
  world.provider.mails.push({ content, uidl });
  return content;
}

function contents(world: FetchWorld): Buffer[] {
  return world.provider.mails.map(({ content }) => content);
}

/** Rounds of fetch and delivery, an hour apart. */
async function rounds(world: FetchWorld, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    await world.fetch();
    await world.deliver();
    world.clock.advance(HOUR);
  }
}

/** What `keep` says of messages, by a provider that behaves. */
describe('keep', () => {
  test('none: deleted by the session that took them, before anybody has them', async () => {
    const world = worldWith({ keep: 'none' });
    const outcome = await world.fetch();
    expect(outcome?.result).toMatchObject({ status: 'ok', fetched: 3, left: 0 });
    expect(contents(world)).toEqual([]);
  });

  test('delivered: deleted by the run after every recipient is final', async () => {
    const world = worldWith({ keep: 'delivered' });
    const [first, second, third] = contents(world);
    await world.fetch();
    await world.fetch();
    expect(contents(world)).toHaveLength(3);
    await world.deliver((sha256) => sha256 === sha256Of(first ?? Buffer.alloc(0)));
    await world.fetch();
    expect(contents(world)).toEqual([second, third]);
    expect(world.provider.count('RETR')).toBe(3);
    await world.deliver();
    const last = await world.fetch();
    expect(contents(world)).toEqual([]);
    expect(last?.result).toMatchObject({ status: 'ok', fetched: 0, left: 0 });
  });

  test('delivered: a recipient that failed is final too, since a copy lies in Failed/', async () => {
    const world = worldWith({ keep: 'delivered' }, 1);
    await world.fetch();
    await world.deliver(undefined, 'failed');
    await world.fetch();
    expect(contents(world)).toEqual([]);
  });

  test('an age: counted from the first sight, and never before it is final', async () => {
    const world = worldWith({ keep: '7d' }, 1);
    await world.fetch();
    world.clock.advance(8 * DAY);
    await world.fetch();
    expect(contents(world)).toHaveLength(1);
    await world.deliver();
    put(world, 'later', 300);
    await world.fetch();
    expect(contents(world)).toHaveLength(1);
    await world.deliver();
    world.clock.advance(7 * DAY - 1);
    await world.fetch();
    expect(contents(world)).toHaveLength(1);
    world.clock.advance(1);
    await world.fetch();
    expect(contents(world)).toEqual([]);
    expect(world.provider.count('RETR')).toBe(2);
  });

  test('forever: nothing is deleted, and nothing is fetched twice', async () => {
    const world = worldWith({ keep: 'forever' });
    await rounds(world, 5);
    world.clock.advance(400 * DAY);
    await rounds(world, 2);
    expect(contents(world)).toHaveLength(3);
    expect(world.provider.count('RETR')).toBe(3);
    expect(world.provider.count('DELE')).toBe(0);
  });

  test('from forever to none: recognised by their header blocks, and deleted unread', async () => {
    const world = worldWith({ keep: 'forever' });
    await rounds(world, 1);
    world.configure({ keep: 'none' });
    const outcome = await world.fetch();
    expect(contents(world)).toEqual([]);
    expect(outcome?.result).toMatchObject({ status: 'ok', fetched: 0 });
    expect(world.provider.count('RETR')).toBe(3);
    expect(world.provider.count('TOP')).toBe(3);
  });

  test('a message that is deletable by its UIDL and is another one is taken, not deleted', async () => {
    const world = worldWith({ keep: 'delivered' }, 1);
    await rounds(world, 1);
    // Somebody else deleted it, and the server gave its UIDL to a message of the same size.
    world.provider.mails.splice(0);
    const other = put(world, 'm2', 201, 'uidl-m1');
    await world.fetch();
    expect(contents(world)).toEqual([other]);
    await world.deliver();
    expect(world.deliveriesOf(other)).toBe(1);
    await world.fetch();
    expect(contents(world)).toEqual([]);
  });

  test('a server whose TOP shows another header block: compared by bytes instead', async () => {
    const world = worldWith({ keep: 'delivered' });
    await rounds(world, 1);
    world.provider.faults = { noTop: true };
    await world.fetch();
    expect(contents(world)).toEqual([]);
    expect(world.provider.count('RETR')).toBe(6);
  });

  test('the UIDL of a message that we deleted is re-used at once: fetched, whatever its size', async () => {
    const world = worldWith({ keep: 'delivered' }, 1);
    await rounds(world, 1);
    await world.fetch();
    const other = put(world, 'm9', 201, 'uidl-m1');
    await rounds(world, 1);
    expect(world.deliveriesOf(other)).toBe(1);
    await world.fetch();
    expect(contents(world)).toEqual([]);
  });

  test('the same, and nothing is deleted any more: it is fetched all the same', async () => {
    const world = worldWith({ keep: 'none' }, 1);
    await rounds(world, 1);
    world.configure({ keep: 'forever' });
    const other = put(world, 'm9', 201, 'uidl-m1');
    await rounds(world, 1);
    expect(world.deliveriesOf(other)).toBe(1);
  });

  test('message numbers as UIDLs: what moves up to the number of another is not taken for it', async () => {
    const world = worldWith({ keep: 'delivered' }, 4);
    const numbered = (): void => {
      world.provider.mails.forEach((mail, at) => {
        mail.uidl = String(at + 1);
      });
    };
    const mails = contents(world);
    for (let round = 0; round < 6; round += 1) {
      numbered();
      await world.fetch();
      // One of them at a time, so that the others move up.
      const [first = Buffer.alloc(0)] = contents(world);
      await world.deliver((sha256) => sha256 === sha256Of(first));
      if (round < 2) mails.push(put(world, `late ${round}`, 201));
      world.clock.advance(HOUR);
    }
    for (let round = 0; round < 4; round += 1) {
      numbered();
      await rounds(world, 1);
    }
    expect(contents(world)).toEqual([]);
    expect(mails.map((mail) => world.deliveriesOf(mail))).toEqual(mails.map(() => 1));
  });

  test('what the server would not delete is remembered, also when nobody looks for a month', async () => {
    const world = worldWith({ keep: 'none' });
    world.provider.faults = { noDele: true };
    const mails = contents(world);
    await rounds(world, 1);
    world.clock.advance(40 * DAY);
    await world.ledger.forget(world.clock.now(), 30 * DAY);
    world.provider.faults = {};
    await rounds(world, 1);
    expect(contents(world)).toEqual([]);
    expect(mails.map((mail) => world.deliveriesOf(mail))).toEqual([1, 1, 1]);
    world.clock.advance(40 * DAY);
    await world.ledger.forget(world.clock.now(), 30 * DAY);
    expect(await world.item(mails[0] ?? Buffer.alloc(0))).toBeNull();
  });

  test('a server without UIDL: known by bytes alone, and deleted as soon as it is ours', async () => {
    const world = worldWith({ keep: 'none' });
    world.provider.faults = { noUidl: true, quit: 'before' };
    const mails = contents(world);
    await rounds(world, 3);
    expect(contents(world)).toHaveLength(3);
    world.provider.faults = { noUidl: true };
    await rounds(world, 1);
    expect(contents(world)).toEqual([]);
    expect(mails.map((mail) => world.deliveriesOf(mail))).toEqual([1, 1, 1]);
  });

  test.each(['none', 'delivered', '7d'])(
    '%s: QUIT is not answered, and the server has deleted nothing: nothing lost, nothing twice',
    async (keep) => {
      const world = worldWith({ keep });
      world.provider.faults = { quit: 'before' };
      await rounds(world, 2);
      world.clock.advance(7 * DAY);
      await rounds(world, 2);
      world.provider.faults = {};
      const mails = contents(world);
      expect(mails).toHaveLength(3);
      await rounds(world, 3);
      world.clock.advance(7 * DAY);
      await rounds(world, 2);
      expect(contents(world)).toEqual([]);
      expect(mails.map((one) => world.deliveriesOf(one))).toEqual([1, 1, 1]);
    },
  );

  test('one UIDL for two messages: both are taken, once each, and deleted', async () => {
    const world = new FetchWorld({ keep: 'delivered' });
    const one = put(world, 'one', 300, 'same');
    const two = put(world, 'two', 300, 'same');
    await rounds(world, 2);
    expect([one, two].map((mail) => world.deliveriesOf(mail))).toEqual([1, 1]);
    expect(contents(world)).toEqual([]);
  });

  test('of two messages under one UIDL one goes before the other was seen: that one is not missed', async () => {
    const world = new FetchWorld({ keep: 'forever', limits: { messagesPerRun: 1 } });
    const one = put(world, 'one', 300, 'same');
    await world.fetch();
    const two = put(world, 'two', 300, 'same');
    world.clock.advance(HOUR);
    await world.fetch();
    world.provider.mails.splice(0, 1);
    await world.fetch();
    await world.deliver();
    expect([one, two].map((mail) => world.deliveriesOf(mail))).toEqual([1, 1]);
  });

  test.each([{ username: 'kelly' }, { host: '127.0.0.2' }])(
    'another account under the same mailbox id: nothing of the first is taken for known (%j)',
    async (account) => {
      const world = worldWith({ keep: 'forever' }, 1);
      await rounds(world, 1);
      world.useAccount(account);
      const former = world.provider.mails.splice(0);
      const other = put(world, 'm2', 201, 'uidl-m1');
      await rounds(world, 1);
      expect(world.deliveriesOf(other)).toBe(1);
      // Back again: what was known of the first is known still.
      world.useAccount({});
      world.provider.mails.splice(0, 1, ...former);
      await rounds(world, 1);
      expect(world.provider.count('RETR')).toBe(2);
    },
  );

  test('kept mail that somebody else deletes is remembered for a while, and then forgotten', async () => {
    const world = worldWith({ keep: 'forever' }, 1);
    const [mail = Buffer.alloc(0)] = contents(world);
    await rounds(world, 1);
    world.clock.advance(100 * DAY);
    const [gone] = world.provider.mails.splice(0);
    await world.fetch();
    expect(await world.item(mail)).toMatchObject({ onServer: false, goneAt: world.clock.now() });
    // It comes back: a backup that the provider restored.
    world.clock.advance(29 * DAY);
    await world.ledger.forget(world.clock.now(), 30 * DAY);
    world.provider.mails.push({ content: mail, uidl: gone?.uidl ?? '' });
    await rounds(world, 1);
    expect(await world.item(mail)).toMatchObject({ onServer: true, goneAt: null });
    expect(world.provider.count('RETR')).toBe(1);
    world.provider.mails.splice(0);
    await world.fetch();
    world.clock.advance(31 * DAY);
    await world.ledger.forget(world.clock.now(), 30 * DAY);
    expect(await world.item(mail)).toBeNull();
    expect(world.deliveriesOf(mail)).toBe(1);
  });

  test('what is listed is never forgotten, however old it is', async () => {
    const world = worldWith({ keep: 'forever' });
    await rounds(world, 1);
    for (let month = 0; month < 5; month += 1) {
      world.clock.advance(31 * DAY);
      await world.ledger.forget(world.clock.now(), 30 * DAY);
      put(world, `new ${month}`, 400 + month);
      await rounds(world, 1);
    }
    expect(world.provider.count('RETR')).toBe(8);
    expect([...world.delivered.values()]).toEqual(Array.from({ length: 8 }, () => 1));
  });

  test('what a run that died meant to delete is remembered until a run has ended well', async () => {
    const world = worldWith({ keep: 'none' }, 1);
    const [mail = Buffer.alloc(0)] = contents(world);
    world.provider.faults = { quit: 'before' };
    await world.fetch();
    await world.deliver();
    world.clock.advance(90 * DAY);
    await world.ledger.forget(world.clock.now(), 30 * DAY);
    world.provider.faults = {};
    await rounds(world, 1);
    expect(contents(world)).toEqual([]);
    expect(world.deliveriesOf(mail)).toBe(1);
  });
});
