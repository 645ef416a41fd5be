import { describe, expect, test } from 'vitest';

import { isMailboxDue } from '../../../functions/dispatch/mailbox-due.ts';
import { CrashPlan } from '../../support/crash-plan.ts';
import { FetchWorld, sizedMessage } from '../../support/fetch-world.ts';
import type { FetchWorldOptions } from '../../support/fetch-world.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

function worldWith(count: number, options: FetchWorldOptions): FetchWorld {
  const world = new FetchWorld(options);
  for (let at = 0; at < count; at += 1) put(world, `m${at}`, 300);
  return world;
}

function put(world: FetchWorld, name: string, size: number): Buffer {
  const content = sizedMessage(name, size);
  world.provider.mails.push({ content, uidl: `uidl-${name}` });
  return content;
}

/** Each command takes its time: the server is far away. */
function slowed(world: FetchWorld, ms: number): void {
  world.provider.onCommand = () => {
    world.clock.advance(ms);
  };
}

async function isDueAtOnce(world: FetchWorld): Promise<boolean> {
  const mailbox = world.settings.mailboxes.get('chris');
  if (mailbox === undefined) throw new Error('expected the mailbox');
  return isMailboxDue(mailbox, await world.ledger.mailboxes.read('chris'), world.clock.now());
}

/** Runs as ticks do, until nothing is due at once; each result in order. */
async function drain(world: FetchWorld) {
  const results = [];
  for (let more = true; more; more = await isDueAtOnce(world)) {
    const outcome = await world.fetch();
    await world.deliver();
    results.push(outcome?.result);
    world.clock.advance(5 * SECOND);
    if (results.length > 100) throw new Error('it goes on for ever');
  }
  return results;
}

function deliveries(world: FetchWorld): number[] {
  return [...world.delivered.values()];
}

const ONCE_EACH = (count: number): number[] => Array.from({ length: count }, () => 1);

describe('limits.messagesPerSession', () => {
  test('each session ends by QUIT after so many messages, and the run goes on to the end', async () => {
    const world = worldWith(25, { keep: 'none', limits: { messagesPerSession: 10 } });
    const outcome = await world.fetch();
    expect(outcome?.result).toMatchObject({ status: 'ok', fetched: 25, left: 0 });
    expect(world.provider.sessions).toBe(3);
    expect(sessionsOf(world)).toEqual([10, 10, 5]);
    expect(world.provider.mails).toEqual([]);
  });

  test('a session that breaks off takes nothing back of those before it', async () => {
    const world = worldWith(25, { keep: 'none', limits: { messagesPerSession: 10 } });
    const last = world.provider.mails[17]?.content ?? Buffer.alloc(0);
    world.provider.faults = { killers: new Set([last]) };
    const outcome = await world.fetch();
    expect(outcome?.result).toMatchObject({ status: 'failed' });
    expect(world.provider.deleted).toHaveLength(10);
  });

  test('deletions that are due go in sessions of so many as well', async () => {
    const world = worldWith(25, { keep: 'forever' });
    await drain(world);
    world.configure({ keep: 'none', limits: { messagesPerSession: 10 } });
    const outcome = await world.fetch();
    expect(outcome?.result).toMatchObject({ status: 'ok', fetched: 0 });
    expect(sessionsOf(world).slice(1)).toEqual([10, 10, 5]);
    expect(world.provider.mails).toEqual([]);
  });

  test('what is kept needs no further session', async () => {
    const world = worldWith(25, { keep: 'forever', limits: { messagesPerSession: 10 } });
    await world.fetch();
    expect(world.provider.sessions).toBe(1);
  });

  test('where the provider wants time between two logins, it is one session', async () => {
    const world = worldWith(25, { keep: 'none', limits: { messagesPerSession: 10 } });
    world.provider.faults = { loginDelayMs: 60_000 };
    const outcome = await world.fetch();
    expect(outcome?.result).toMatchObject({ status: 'ok', fetched: 25 });
    expect(world.provider.sessions).toBe(1);
  });

  test('a server that refuses every DELE ends the run, and none is delivered twice', async () => {
    const world = worldWith(25, { keep: 'none', limits: { messagesPerSession: 10 } });
    world.provider.faults = { noDele: true };
    await world.fetch();
    await world.deliver();
    expect(world.provider.sessions).toBe(1);
    world.provider.faults = {};
    await drain(world);
    expect(world.provider.mails).toEqual([]);
    expect(deliveries(world)).toEqual(ONCE_EACH(25));
  });

  test('a server that says it deletes and does not ends the run once nothing new comes', async () => {
    const world = worldWith(25, { keep: 'none', limits: { messagesPerSession: 10 } });
    world.provider.faults = { keepsDeleted: true };
    await world.fetch();
    await world.deliver();
    // Three that bring what is new, and one that brings nothing else than these.
    expect(world.provider.sessions).toBe(4);
    expect(deliveries(world)).toEqual(ONCE_EACH(25));
    await world.fetch();
    expect(world.provider.sessions).toBe(6);
    world.provider.faults = {};
    await drain(world);
    expect(world.provider.mails).toEqual([]);
    expect(deliveries(world)).toEqual(ONCE_EACH(25));
  });

  test('the program dies at any call between two sessions: nothing lost, nothing twice', async () => {
    const build = () => worldWith(5, { keep: 'none', limits: { messagesPerSession: 2 } });
    const clean = new CrashPlan(Infinity, 'before');
    await build().fetch(clean);
    for (let at = 1; at <= clean.calls.length; at += 1) {
      for (const when of ['before', 'after'] as const) {
        const world = build();
        world.provider.onDelete = ({ content }) => {
          expect(world.isSafe(content), `${when} ${at}`).toBe(true);
        };
        await world.fetch(new CrashPlan(at, when));
        world.clock.advance(MINUTE);
        await drain(world);
        expect(world.provider.mails, `${when} ${at}`).toEqual([]);
        expect(deliveries(world), `${when} ${at}`).toEqual(ONCE_EACH(5));
      }
    }
  }, 120_000);

  /** How many DELE each session sent. */
  function sessionsOf({ provider }: FetchWorld): number[] {
    const counts: number[] = [];
    for (const line of provider.commands) {
      if (line === 'LIST') counts.push(0);
      if (line.startsWith('DELE')) counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1;
    }
    return counts;
  }
});

describe('caps of a run', () => {
  test.each([
    ['messagesPerRun', { messagesPerRun: 4 }],
    ['bytesPerRun', { bytesPerRun: 4 * 300 }],
  ])(
    '%s: ends in good order, goes on at the next tick, until all is fetched',
    async (_, limits) => {
      const world = worldWith(10, { keep: 'none', limits });
      const results = await drain(world);
      expect(results).toMatchObject([
        { status: 'partial', fetched: 4, left: 6, error: null },
        { status: 'partial', fetched: 4, left: 2, error: null },
        { status: 'ok', fetched: 2, left: 0, error: null },
      ]);
      expect(world.provider.count('QUIT')).toBe(3);
      expect(deliveries(world)).toEqual(ONCE_EACH(10));
    },
  );

  test('bytesPerRun: a message above it goes alone, and bars nobody', async () => {
    const world = worldWith(2, { keep: 'none', limits: { bytesPerRun: 500 } });
    put(world, 'large', 4000);
    put(world, 'small', 300);
    const results = await drain(world);
    expect(results.map((one) => one?.fetched)).toEqual([1, 1, 1, 1]);
    expect(deliveries(world)).toEqual(ONCE_EACH(4));
  });

  test('caps count over all sessions of a run', async () => {
    const limits = { messagesPerRun: 7, messagesPerSession: 3 };
    const world = worldWith(10, { keep: 'none', limits });
    const results = await drain(world);
    expect(results.map((one) => one?.fetched)).toEqual([7, 3]);
  });

  test.each(['none', 'forever'])(
    'runSeconds, keep %s: ends before its time is up, and goes on until all is fetched',
    async (keep) => {
      const world = worldWith(30, { keep, limits: { runSeconds: 60 } });
      slowed(world, 5 * SECOND);
      const results = await drain(world);
      expect(results.length).toBeGreaterThan(1);
      expect(results.slice(0, -1).every((one) => one?.status === 'partial')).toBe(true);
      expect(results.at(-1)).toMatchObject({ status: 'ok', left: 0, error: null });
      expect(deliveries(world)).toEqual(ONCE_EACH(30));
      expect(world.provider.mails).toHaveLength(keep === 'none' ? 0 : 30);
    },
  );

  test('a run that only deleted goes on at once, until all is deleted', async () => {
    const world = worldWith(200, { keep: 'forever' });
    await drain(world);
    world.configure({ keep: 'none', limits: { runSeconds: 60 } });
    slowed(world, SECOND);
    const results = await drain(world);
    expect(results.length).toBeGreaterThan(1);
    expect(results.every((one) => one?.fetched === 0 && one.error === null)).toBe(true);
    expect(world.provider.mails).toEqual([]);
    expect(world.provider.count('RETR')).toBe(200);
  });

  test('messages under one id, which every run retrieves again, bar nobody and keep nobody busy', async () => {
    const world = new FetchWorld({ keep: 'forever', limits: { messagesPerRun: 2 } });
    for (let at = 0; at < 4; at += 1) {
      world.provider.mails.push({ content: sizedMessage(`same-${at}`, 300 + at), uidl: 'same' });
    }
    for (let at = 0; at < 3; at += 1) put(world, `own-${at}`, 400);
    await drain(world);
    expect(deliveries(world)).toEqual(ONCE_EACH(7));
    const late = put(world, 'late', 400);
    const sessions = world.provider.sessions;
    await drain(world);
    expect(world.deliveriesOf(late)).toBe(1);
    expect(world.provider.sessions - sessions).toBeLessThanOrEqual(3);
  });

  test('a run that got nowhere waits for its schedule', async () => {
    const world = worldWith(5, { keep: 'none', limits: { runSeconds: 20 } });
    slowed(world, 18 * SECOND);
    const outcome = await world.fetch();
    expect(outcome?.result.fetched).toBe(0);
    expect(await isDueAtOnce(world)).toBe(false);
  });

  test('the backlog is read in portions over several runs, where the time ends them', async () => {
    const world = new FetchWorld({ keep: 'forever', initial: '30d', limits: { runSeconds: 60 } });
    for (let at = 0; at < 60; at += 1) {
      const old = Buffer.from(
        `Date: Mon, 2 Nov 2009 09:00:00 +0000\r\nSubject: m${at}\r\n\r\n${at}`,
      );
      world.provider.mails.push({ content: old, uidl: `uidl-${at}` });
    }
    slowed(world, 2 * SECOND);
    const results = await drain(world);
    expect(results.at(-1)).toMatchObject({ status: 'ok', fetched: 0, left: 0 });
    expect(results.length).toBeGreaterThan(1);
    expect(world.provider.count('RETR')).toBe(0);
    expect(world.provider.count('TOP')).toBe(60);
  });
});
