import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';

import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import { messageJob } from '../../shared/queue/job-queue.ts';
import type { MessageJob } from '../../shared/queue/job-queue.ts';
import { sqliteQueue } from '../../shared/queue/sqlite-queue.ts';
import type { SqliteQueue } from '../../shared/queue/sqlite-queue.ts';
import { Database } from '../../shared/sqlite/database.ts';
import { jobOf, jobQueueContract } from '../contract/job-queue.ts';
import { asPromised } from '../support/as-promised.ts';
import { SetClock } from '../support/set-clock.ts';

const HOUR = 3_600_000;

function openDatabase(): { database: Database; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'mailferry-queue-'));
  const database = new Database(join(folder, 'mailferry.sqlite'));
  const remove = () => {
    database.close();
    rmSync(folder, { recursive: true });
  };
  return { database, remove };
}

function deliverQueue(database: Database, clock: Clock): SqliteQueue<MessageJob> {
  return sqliteQueue(database, {
    name: 'deliver',
    schema: messageJob,
    identity: formatKey,
    clock,
  });
}

jobQueueContract('the SQLite queue', () => {
  const { database, remove } = openDatabase();
  return Promise.resolve({
    queue: deliverQueue(database, systemClock),
    shortestMs: 20,
    close: asPromised(remove),
  });
});

describe('the SQLite queue', () => {
  let database: Database;
  let remove: () => void;
  let queue: SqliteQueue<MessageJob>;
  const clock = new SetClock();
  beforeEach(() => {
    ({ database, remove } = openDatabase());
    queue = deliverQueue(database, clock);
  });
  afterEach(() => {
    remove();
  });

  it('shows a job exactly when it is due', async () => {
    await queue.send([jobOf(1)]);
    const [first] = await queue.receive(1, HOUR);
    clock.advance(HOUR - 1);
    expect(await queue.receive(1, HOUR)).toEqual([]);
    clock.advance(1);
    const [again] = await queue.receive(1, HOUR);
    expect(again).toMatchObject({ job: first?.job, receiveCount: 2 });
    await queue.retry(again?.receipt ?? '', 5 * HOUR);
    expect(await queue.depth()).toEqual({ ready: 0, inFlight: 0, delayed: 1 });
    clock.advance(5 * HOUR - 1);
    expect(await queue.receive(1, HOUR)).toEqual([]);
    clock.advance(1);
    expect(await queue.receive(1, HOUR)).toHaveLength(1);
  });

  it.each([1, 3, 8])(
    'lets neither a backlog nor what is new hold up the other (%i at a time)',
    async (room) => {
      await queue.send(Array.from({ length: 40 }, (_, at) => jobOf(at)));
      for (const { receipt } of await queue.receive(40, HOUR)) await queue.retry(receipt, 0);
      await queue.send(Array.from({ length: 40 }, (_, at) => jobOf(100 + at)));
      const kinds: string[] = [];
      for (;;) {
        const received = await queue.receive(room, HOUR);
        if (received.length === 0) break;
        kinds.push(...received.map(({ receiveCount }) => (receiveCount === 1 ? 'new' : 'old')));
      }
      expect(kinds).toHaveLength(80);
      const early = kinds.slice(0, 24).filter((kind) => kind === 'new').length;
      expect(early).toBe(18);
      expect(kinds.slice(-20)).not.toContain('new');
    },
  );

  it('ignores the receipt of somebody who was too slow', async () => {
    await queue.send([jobOf(1)]);
    const [slow] = await queue.receive(1, HOUR);
    clock.advance(HOUR);
    await queue.receive(1, HOUR);
    await queue.done(slow?.receipt ?? '');
    await queue.retry(slow?.receipt ?? '', 0);
    expect(await queue.depth()).toEqual({ ready: 0, inFlight: 1, delayed: 0 });
  });

  it('keeps one of the same job that waits, due as soon as the soonest, and its last body', async () => {
    const fetch = sqliteQueue(database, {
      name: 'fetch',
      schema: z.object({ mailbox: z.string(), queuedAt: z.number() }),
      identity: (job) => job.mailbox,
      clock,
    });
    await fetch.send([
      { mailbox: 'sales', queuedAt: 1 },
      { mailbox: 'office', queuedAt: 1 },
      { mailbox: 'sales', queuedAt: 2 },
    ]);
    const jobs = (await fetch.receive(10, HOUR)).map(({ job }) => job);
    expect(jobs).toEqual([
      { mailbox: 'sales', queuedAt: 2 },
      { mailbox: 'office', queuedAt: 1 },
    ]);
  });

  it('keeps queues apart', async () => {
    const route = sqliteQueue(database, {
      name: 'route',
      schema: messageJob,
      identity: formatKey,
      clock,
    });
    await route.send([jobOf(1)]);
    expect(await queue.receive(10, HOUR)).toEqual([]);
    const [received] = await route.receive(10, HOUR);
    await queue.releaseAll();
    expect(await route.depth()).toMatchObject({ inFlight: 1 });
    expect(received?.job).toEqual(jobOf(1));
  });

  it('shows what a dead owner had in flight, not what was put off, and keeps counting', async () => {
    await queue.send([jobOf(1), jobOf(2)]);
    const [first, second] = await queue.receive(2, HOUR);
    await queue.retry(second?.receipt ?? '', HOUR);
    await queue.releaseAll();
    const received = await queue.receive(10, HOUR);
    expect(received).toMatchObject([{ job: first?.job, receiveCount: 2 }]);
    expect(received[0]?.receipt).not.toBe(first?.receipt);
  });

  it('gives no job to two who ask at once', async () => {
    await queue.send(Array.from({ length: 20 }, (_, at) => jobOf(at)));
    const rounds = await Promise.all(Array.from({ length: 8 }, () => queue.receive(5, HOUR)));
    const names = rounds.flat().map(({ job }) => formatKey(job));
    expect(names).toHaveLength(20);
    expect(new Set(names).size).toBe(20);
  });

  it('tells its listener after the jobs can be received', async () => {
    const seen: Promise<readonly unknown[]>[] = [];
    queue.onSent(() => {
      seen.push(queue.receive(10, HOUR));
    });
    await queue.send([]);
    expect(seen).toEqual([]);
    await queue.send([jobOf(1)]);
    expect(await seen[0]).toHaveLength(1);
  });

  it.each([
    ['of another shape', '{"mailbox":7}'],
    ['that is no JSON', '{"mailbox":'],
  ])('puts a job aside %s, and goes on with the others', async (_, body) => {
    await queue.send([jobOf(1)]);
    await database.write(() => {
      database.run('UPDATE job SET body = ?', body);
    });
    await queue.send([jobOf(2), jobOf(3)]);
    // Two are asked for, and two there are: what was put aside takes nobody's place.
    const received = await queue.receive(2, HOUR);
    expect(received.map(({ job }) => job)).toEqual([jobOf(2), jobOf(3)]);
    expect(await queue.depth()).toEqual({ ready: 0, inFlight: 2, delayed: 0 });
    expect(database.all('SELECT queue, body FROM job WHERE queue NOT IN (?)', 'deliver')).toEqual([
      { queue: 'deliver.unreadable', body },
    ]);
  });

  it('rejects, and never throws, when the database is gone', async () => {
    database.close();
    const temporary = { kind: 'ledger', permanence: 'temporary' };
    await expect(queue.receive(1, HOUR)).rejects.toMatchObject(temporary);
    await expect(queue.depth()).rejects.toMatchObject(temporary);
    await expect(queue.send([jobOf(1)])).rejects.toMatchObject(temporary);
    await expect(queue.done('receipt')).rejects.toMatchObject(temporary);
  });
});
