import { describe, expect, test } from 'vitest';

import { CrashPlan } from '../../support/crash-plan.ts';
import { FetchWorld, sizedMessage } from '../../support/fetch-world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const COUNT = 3;

function worldWith(keep: string): FetchWorld {
  const world = new FetchWorld({ keep });
  for (let at = 0; at < COUNT; at += 1) {
    world.provider.mails.push({ content: sizedMessage(`m${at}`, 300), uidl: `uidl-${at}` });
  }
  return world;
}

async function carry(world: FetchWorld): Promise<void> {
  await world.fetch();
  await world.deliver();
  world.clock.advance(MINUTE);
}

/** All of it is in custody and at its end, and its deletion is due. */
async function dueWorld(keep: string): Promise<FetchWorld> {
  const world = worldWith(keep);
  await carry(world);
  world.clock.advance(8 * DAY);
  return world;
}

/** From mail that `keep: forever` had kept. */
async function changedWorld(): Promise<FetchWorld> {
  const world = await dueWorld('forever');
  world.configure({ keep: 'none' });
  return world;
}

const STORIES: readonly (readonly [string, () => Promise<FetchWorld> | FetchWorld])[] = [
  ['keep none: taken and deleted in one session', () => worldWith('none')],
  ['keep delivered: taken', () => worldWith('delivered')],
  ['keep delivered: deleted by header block', () => dueWorld('delivered')],
  ['keep 7d: taken', () => worldWith('7d')],
  ['keep 7d: deleted by header block', () => dueWorld('7d')],
  ['keep forever: taken', () => worldWith('forever')],
  ['from keep forever to none: deleted by header block', changedWorld],
  [
    'keep delivered: deleted by its bytes, where the server has no TOP',
    async () => {
      const world = await dueWorld('delivered');
      world.provider.faults = { noTop: true };
      return world;
    },
  ],
  [
    'one id for all',
    () => {
      const world = worldWith('delivered');
      for (const mail of world.provider.mails) mail.uidl = 'same';
      return world;
    },
  ],
  [
    'without UIDL',
    () => {
      const world = worldWith('none');
      world.provider.faults = { noUidl: true };
      return world;
    },
  ],
];

/**
 * The program dies at every call of a run, before it and after it, and goes on. I1 and I4: what the provider deletes is
 * ours, nothing is missing in the end, and nothing comes twice.
 */
describe('a crash at every call of a run', () => {
  test.each(STORIES)(
    '%s',
    async (_, build) => {
      const clean = new CrashPlan(Infinity, 'before');
      await (await build()).fetch(clean);
      expect(clean.calls.length).toBeGreaterThan(5);
      for (let at = 1; at <= clean.calls.length; at += 1) {
        for (const when of ['before', 'after'] as const) {
          const where = `${when} ${at} ${String(clean.calls[at - 1])}`;
          const world = await build();
          const mails = world.provider.mails.map(({ content }) => content);
          world.provider.onDelete = ({ content }) => {
            expect(world.isSafe(content), where).toBe(true);
          };
          await world.fetch(new CrashPlan(at, when));
          world.clock.advance(MINUTE);
          await carry(world);
          world.clock.advance(8 * DAY);
          await carry(world);
          await carry(world);
          expect(
            mails.map((mail) => world.deliveriesOf(mail)),
            where,
          ).toEqual([1, 1, 1]);
          const stays = keepOf(world) === 'forever' ? COUNT : 0;
          expect(world.provider.mails, where).toHaveLength(stays);
        }
      }
    },
    120_000,
  );
});

function keepOf(world: FetchWorld): unknown {
  return world.settings.mailboxes.get('chris')?.keep;
}
