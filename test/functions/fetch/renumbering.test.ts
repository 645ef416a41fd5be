import { describe, expect, test } from 'vitest';

import { RENUMBERED_UIDLS } from '../../../shared/limits.ts';
import { CrashPlan } from '../../support/crash-plan.ts';
import { FetchWorld, sizedMessage } from '../../support/fetch-world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A mailbox whose messages are all known and stay. */
async function keptWorld(count: number, keep = 'forever'): Promise<FetchWorld> {
  const world = new FetchWorld({ keep });
  for (let at = 0; at < count; at += 1) put(world, `m${at}`, 200 + at);
  await carry(world);
  return world;
}

function put(world: FetchWorld, name: string, size: number): Buffer {
  const content = sizedMessage(name, size);
  world.provider.mails.push({ content, uidl: `uidl-${name}` });
  return content;
}

async function carry(world: FetchWorld) {
  const outcome = await world.fetch();
  await world.deliver();
  world.clock.advance(MINUTE);
  return outcome?.result;
}

/** The provider gives the first so many messages other ids. */
function renumber(world: FetchWorld, prefix: string, count = Infinity): void {
  for (const mail of world.provider.mails.slice(0, count)) mail.uidl = `${prefix}-${mail.uidl}`;
}

function deliveries(world: FetchWorld): number[] {
  return [...world.delivered.values()];
}

/** A provider that gives its messages new ids, as after a move or from a backup. */
describe('renumbering', () => {
  test('all ids are new: one notice, all is fetched and recognised, nothing delivered again', async () => {
    const world = await keptWorld(30);
    renumber(world, 'moved');
    expect(await carry(world)).toMatchObject({ status: 'ok', fetched: 30, left: 0 });
    await carry(world);
    expect(deliveries(world)).toEqual(Array.from({ length: 30 }, () => 1));
    expect(world.provider.count('RETR')).toBe(60);
    const [notice = '', ...more] = await world.notices();
    expect(more).toEqual([]);
    expect(notice).toContain('Subject: Mailbox chris: the provider has numbered its messages anew');
  });

  test('just as many as count as renumbering: told of; one fewer: adopted all the same, and not told of', async () => {
    for (const [count, told] of [
      [RENUMBERED_UIDLS, 1],
      [RENUMBERED_UIDLS - 1, 0],
    ] as const) {
      const world = await keptWorld(count);
      renumber(world, 'moved');
      await carry(world);
      expect(deliveries(world)).toEqual(Array.from({ length: count }, () => 1));
      expect(await world.notices(), String(count)).toHaveLength(told);
    }
  });

  test('a part of them: what kept its id is not fetched, the others are recognised', async () => {
    const world = await keptWorld(60);
    renumber(world, 'moved', 25);
    const fresh = put(world, 'fresh', 999);
    expect(await carry(world)).toMatchObject({ fetched: 26 });
    expect(await world.notices()).toHaveLength(1);
    expect(world.deliveriesOf(fresh)).toBe(1);
    expect(deliveries(world)).toEqual(Array.from({ length: 61 }, () => 1));
  });

  test('somebody else emptied the mailbox, or new mail came as well: no renumbering', async () => {
    const emptied = await keptWorld(50);
    emptied.provider.mails.splice(0, 45);
    put(emptied, 'one more', 800);
    await carry(emptied);
    expect(await emptied.notices()).toEqual([]);

    const grown = await keptWorld(30);
    for (let at = 0; at < 60; at += 1) put(grown, `new-${at}`, 500 + at);
    await carry(grown);
    expect(await grown.notices()).toEqual([]);
  });

  test('our own deletions are none', async () => {
    const world = await keptWorld(40, 'delivered');
    for (let at = 0; at < 40; at += 1) put(world, `new-${at}`, 500 + at);
    await carry(world);
    expect(world.provider.deleted).toHaveLength(40);
    await carry(world);
    expect(await world.notices()).toEqual([]);
  });

  test('a server without lasting ids is told of at most once a week', async () => {
    const world = await keptWorld(25);
    for (let day = 0; day < 6; day += 1) {
      renumber(world, `day-${day}`);
      await carry(world);
      world.clock.advance(DAY);
    }
    expect(await world.notices()).toHaveLength(1);
    world.clock.advance(3 * DAY);
    renumber(world, 'later');
    await carry(world);
    expect(await world.notices()).toHaveLength(2);
    expect(deliveries(world)).toEqual(Array.from({ length: 25 }, () => 1));
  });

  test('days of keep go on from the first sight, whatever the id', async () => {
    const world = await keptWorld(25, '7d');
    world.clock.advance(4 * DAY);
    renumber(world, 'moved');
    await carry(world);
    world.clock.advance(3 * DAY);
    await carry(world);
    expect(world.provider.mails).toEqual([]);
    expect(deliveries(world)).toEqual(Array.from({ length: 25 }, () => 1));
  });

  test('ids go round: each message gets that of its neighbour, of its own size: nobody is missed', async () => {
    const world = await keptWorld(25, 'delivered');
    const mails = Array.from({ length: 30 }, (_, at) => put(world, `n${at}`, 700));
    await world.fetch();
    const ids = world.provider.mails.map(({ uidl }) => uidl);
    world.provider.mails.forEach((mail, at) => {
      mail.uidl = ids[(at + 1) % ids.length] ?? '';
    });
    const others = Array.from({ length: 3 }, (_, at) => put(world, `late-${at}`, 700));
    for (let at = 0; at < 4; at += 1) await carry(world);
    expect(world.provider.mails).toEqual([]);
    expect([...mails, ...others].map((mail) => world.deliveriesOf(mail))).toEqual(
      Array.from({ length: 33 }, () => 1),
    );
  });

  test.each(['forever', 'delivered', 'none'])(
    'keep %s: the program dies while it adopts: nothing lost, nothing twice, told once',
    async (keep) => {
      const build = async () => {
        const world = await keptWorld(RENUMBERED_UIDLS, 'forever');
        renumber(world, 'moved');
        world.configure({ keep });
        return world;
      };
      const clean = new CrashPlan(Infinity, 'before');
      const first = await build();
      const contents = first.provider.mails.map(({ content }) => content);
      await first.fetch(clean);
      expect(clean.calls.length).toBeGreaterThan(RENUMBERED_UIDLS);
      // Every call would take a minute; these are spread over all of them.
      for (let at = 1 + keep.length; at <= clean.calls.length; at += 11) {
        for (const when of ['before', 'after'] as const) {
          const world = await build();
          world.provider.onDelete = ({ content }) => {
            expect(world.isSafe(content), `${when} ${at}`).toBe(true);
          };
          await world.fetch(new CrashPlan(at, when));
          world.clock.advance(MINUTE);
          await carry(world);
          await carry(world);
          const where = `${when} ${at} ${String(clean.calls[at - 1])}`;
          expect(
            contents.map((mail) => world.deliveriesOf(mail)),
            where,
          ).toEqual(contents.map(() => 1));
          expect(await world.notices(), where).toHaveLength(1);
          expect(world.provider.mails, where).toHaveLength(
            keep === 'forever' ? contents.length : 0,
          );
        }
      }
    },
    120_000,
  );
});
