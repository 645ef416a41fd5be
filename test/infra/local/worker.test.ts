import { describe, expect, test } from 'vitest';

import { Worker } from '../../../infra/local/worker.ts';
import { DONE } from '../../../shared/queue/job-queue.ts';
import type { JobOutcome, JobSource, ReceivedJob } from '../../../shared/queue/job-queue.ts';
import { recordingLog } from '../../support/recording-log.ts';

/** A queue in memory that shows what its consumer says of each job. */
class Jobs implements JobSource<string> {
  readonly answers = new Map<string, string>();
  readonly #waiting: ReceivedJob<string>[];

  constructor(names: readonly string[], receiveCount = 1) {
    this.#waiting = names.map((name) => ({ receipt: name, job: name, receiveCount }));
  }

  receive(max: number): Promise<readonly ReceivedJob<string>[]> {
    return Promise.resolve(this.#waiting.splice(0, max));
  }

  done(receipt: string): Promise<void> {
    this.answers.set(receipt, 'done');
    return Promise.resolve();
  }

  retry(receipt: string, delayMs: number): Promise<void> {
    this.answers.set(receipt, `in ${delayMs}`);
    return Promise.resolve();
  }

  depth() {
    return Promise.resolve({ ready: this.#waiting.length, inFlight: 0, delayed: 0 });
  }
}

function workerOf(
  source: JobSource<string>,
  handle: (job: string) => Promise<JobOutcome>,
  concurrency = 2,
) {
  const log = recordingLog();
  const worker = new Worker({
    ...{ name: 'jobs', source, handle, log, visibilityMs: 1000 },
    concurrency: () => concurrency,
    now: () => 5000,
  });
  return { worker, log };
}

describe('Worker', () => {
  test('handles all there is, no more at once than it may, and tells when it is idle', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `job ${index}`);
    const jobs = new Jobs(names);
    let active = 0;
    let most = 0;
    const { worker } = workerOf(
      jobs,
      async () => {
        active += 1;
        most = Math.max(most, active);
        await new Promise((resolve) => setImmediate(resolve));
        active -= 1;
        return DONE;
      },
      3,
    );
    worker.start();
    await worker.idle();
    await worker.stop();
    expect([...jobs.answers.keys()].sort()).toEqual([...names].sort());
    expect(new Set(jobs.answers.values())).toEqual(new Set(['done']));
    expect(most).toBe(3);
  });

  test('a job that is to come again later is put off until then, never less than not at all', async () => {
    const jobs = new Jobs(['soon', 'past']);
    const { worker } = workerOf(jobs, (job) =>
      Promise.resolve({ kind: 'later', at: job === 'soon' ? 5100 : 4000 }),
    );
    worker.start();
    await worker.idle();
    await worker.stop();
    expect(Object.fromEntries(jobs.answers)).toEqual({ soon: 'in 100', past: 'in 0' });
  });

  test.each([
    [1, 30_000],
    [3, 90_000],
    [1000, 3_600_000],
  ])(
    'a job that throws at its receive %i is put off %i ms, and stops no other',
    async (count, ms) => {
      const jobs = new Jobs(['bad', 'good'], count);
      const { worker, log } = workerOf(jobs, (job) =>
        job === 'bad' ? Promise.reject(new Error('broken')) : Promise.resolve(DONE),
      );
      worker.start();
      await worker.idle();
      await worker.stop();
      expect(Object.fromEntries(jobs.answers)).toEqual({ bad: `in ${ms}`, good: 'done' });
      expect(log.entries).toMatchObject([{ level: 'error', event: 'job failed, put off' }]);
    },
  );

  test('stop: what is being handled is finished, what was not begun goes back', async () => {
    const jobs = new Jobs(['one', 'two', 'three']);
    let finish: () => void = () => undefined;
    const { worker } = workerOf(
      jobs,
      () =>
        new Promise((resolve) => {
          finish = () => {
            resolve(DONE);
          };
        }),
      1,
    );
    worker.start();
    await new Promise((resolve) => setImmediate(resolve));
    const stopped = worker.stop();
    finish();
    await stopped;
    expect(jobs.answers.get('one')).toBe('done');
    expect([...jobs.answers.values()].filter((answer) => answer === 'done')).toHaveLength(1);
    expect(jobs.answers.get('two')).toBe('in 0');
  });

  test('a queue that cannot be read is said, and is asked again', async () => {
    const jobs = new Jobs(['one']);
    let fails = true;
    const source: JobSource<string> = {
      receive: (max) => {
        if (!fails) return jobs.receive(max);
        fails = false;
        return Promise.reject(new Error('unreadable'));
      },
      done: (receipt) => jobs.done(receipt),
      retry: (receipt, delayMs) => jobs.retry(receipt, delayMs),
      depth: () => jobs.depth(),
    };
    const { worker, log } = workerOf(source, () => Promise.resolve(DONE));
    worker.start();
    await worker.idle();
    expect(log.events('error')).toEqual(['queue could not be read']);
    worker.wake();
    await worker.idle();
    await worker.stop();
    expect(Object.fromEntries(jobs.answers)).toEqual({ one: 'done' });
  });
});
