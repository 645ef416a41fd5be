import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { formatKey } from '../../shared/mail/message-key.ts';
import type {
  JobSender,
  JobSource,
  MessageJob,
  ReceivedJob,
} from '../../shared/queue/job-queue.ts';
import { sha256Of } from '../support/spooled-message.ts';
import { EVENTUAL } from './eventual.ts';

export interface JobQueueUnderTest {
  readonly queue: JobSender<MessageJob> & JobSource<MessageJob>;
  /** The shortest visibility that the adapter knows: SQS counts in seconds. Milliseconds. */
  readonly shortestMs: number;
  readonly close: () => Promise<void>;
}

const LONG_MS = 3_600_000;

/**
 * What every queue keeps: at least once, in any order, and never again after `done`. Whether it merges the same job
 * sent twice is its own business, and so is how soon it shows a job.
 */
export function jobQueueContract(name: string, make: () => Promise<JobQueueUnderTest>): void {
  describe(`${name} keeps the job queue's contract`, () => {
    let used: JobQueueUnderTest;
    let queue: JobQueueUnderTest['queue'];
    beforeEach(async () => {
      used = await make();
      queue = used.queue;
    });
    afterEach(async () => {
      await used.close();
    });

    /** Receives until there are so many, or nothing comes for long enough. */
    const receiveAll = async (
      count: number,
      visibilityMs = LONG_MS,
    ): Promise<ReceivedJob<MessageJob>[]> => {
      const received: ReceivedJob<MessageJob>[] = [];
      await expect
        .poll(async () => {
          received.push(...(await queue.receive(10, visibilityMs)));
          return received.length;
        }, EVENTUAL)
        .toBeGreaterThanOrEqual(count);
      return received;
    };
    const receiveOne = async (visibilityMs = LONG_MS): Promise<ReceivedJob<MessageJob>> =>
      (await receiveAll(1, visibilityMs))[0] ?? expect.fail('expected a job');
    const isEmpty = async (): Promise<boolean> => {
      const { ready, inFlight, delayed } = await queue.depth();
      return ready + inFlight + delayed === 0;
    };

    it('gives what was sent, for the first time', async () => {
      await queue.send([jobOf(1)]);
      const received = await receiveOne();
      expect(received.job).toEqual(jobOf(1));
      expect(received.receiveCount).toBe(1);
      expect(received.receipt).not.toBe('');
    });

    it('gives nothing when nothing was sent', async () => {
      expect(await queue.receive(10, LONG_MS)).toEqual([]);
      await queue.send([]);
      expect(await queue.receive(10, LONG_MS)).toEqual([]);
      expect(await isEmpty()).toBe(true);
    });

    it('gives each of many, sent in one go, at least once, and no more at once than asked for', async () => {
      const jobs = Array.from({ length: 57 }, (_, at) => jobOf(at));
      await queue.send(jobs);
      const few = await queue.receive(3, LONG_MS);
      expect(few.length).toBeLessThanOrEqual(3);
      const rest = await receiveAll(57 - few.length);
      const got = new Set([...few, ...rest].map(({ job }) => formatKey(job)));
      expect(got).toEqual(new Set(jobs.map(formatKey)));
    });

    it('takes jobs from many senders at once', async () => {
      const jobs = Array.from({ length: 40 }, (_, at) => jobOf(at));
      await Promise.all(jobs.map((job) => queue.send([job])));
      const got = new Set((await receiveAll(40)).map(({ job }) => formatKey(job)));
      expect(got).toEqual(new Set(jobs.map(formatKey)));
    });

    it('gives each job to somebody when many ask at once', async () => {
      const jobs = Array.from({ length: 20 }, (_, at) => jobOf(at));
      await queue.send(jobs);
      await expect.poll(async () => (await queue.depth()).ready, EVENTUAL).toBe(20);
      const rounds = await Promise.all(Array.from({ length: 8 }, () => queue.receive(10, LONG_MS)));
      const receipts = rounds.flat().map(({ receipt }) => receipt);
      expect(new Set(receipts).size).toBe(receipts.length);
      const rest = await receiveAll(20 - receipts.length);
      const got = new Set([...rounds.flat(), ...rest].map(({ job }) => formatKey(job)));
      expect(got).toEqual(new Set(jobs.map(formatKey)));
    });

    it('hides a job while it is in flight, and counts it as that', async () => {
      await queue.send([jobOf(1)]);
      await receiveOne();
      expect(await queue.receive(10, LONG_MS)).toEqual([]);
      await expect
        .poll(() => queue.depth(), EVENTUAL)
        .toEqual({ ready: 0, inFlight: 1, delayed: 0 });
    });

    it('gives a job again when its visibility ends, with a receipt that works', async () => {
      await queue.send([jobOf(1)]);
      const first = await receiveOne(used.shortestMs);
      const again = await receiveOne();
      expect(again.job).toEqual(first.job);
      expect(again.receiveCount).toBe(2);
      await queue.done(again.receipt);
      await expect.poll(isEmpty, EVENTUAL).toBe(true);
    });

    it('never gives a job again that is done', async () => {
      await queue.send([jobOf(1), jobOf(2)]);
      const [first, second] = await receiveAll(2, LONG_MS);
      await queue.done(first?.receipt ?? '');
      await queue.retry(second?.receipt ?? '', 0);
      expect((await receiveOne()).job).toEqual(second?.job);
      expect(await queue.receive(10, LONG_MS)).toEqual([]);
      await expect.poll(async () => (await queue.depth()).inFlight, EVENTUAL).toBe(1);
    });

    it('lets a job be done twice', async () => {
      await queue.send([jobOf(1)]);
      const { receipt } = await receiveOne();
      await queue.done(receipt);
      await queue.done(receipt);
      await expect.poll(isEmpty, EVENTUAL).toBe(true);
    });

    it('gives a job again at once when it is to be retried at once, and counts', async () => {
      await queue.send([jobOf(1)]);
      for (let count = 1; count <= 4; count += 1) {
        const { receipt, receiveCount } = await receiveOne();
        expect(receiveCount).toBe(count);
        await queue.retry(receipt, 0);
      }
    });

    it('keeps a job back that is to be retried later, and counts it', async () => {
      await queue.send([jobOf(1)]);
      await queue.retry((await receiveOne()).receipt, LONG_MS);
      expect(await queue.receive(10, LONG_MS)).toEqual([]);
      // SQS counts what is put off as in flight.
      await expect
        .poll(async () => {
          const { ready, inFlight, delayed } = await queue.depth();
          return [ready, inFlight + delayed];
        }, EVENTUAL)
        .toEqual([0, 1]);
    });

    it('gives a job again after the delay of its retry', async () => {
      await queue.send([jobOf(1)]);
      await queue.retry((await receiveOne()).receipt, used.shortestMs);
      expect((await receiveOne()).receiveCount).toBe(2);
    });

    it('does not lose a job that is sent while the same one is in flight', async () => {
      await queue.send([jobOf(1)]);
      const first = await receiveOne();
      await queue.send([jobOf(1)]);
      await queue.done(first.receipt);
      expect((await receiveOne()).job).toEqual(jobOf(1));
    });

    it('shows a job at once that is sent again while it is put off', async () => {
      await queue.send([jobOf(1)]);
      await queue.retry((await receiveOne()).receipt, LONG_MS);
      await queue.send([jobOf(1)]);
      expect((await receiveOne()).job).toEqual(jobOf(1));
    });
  });
}

export function jobOf(number: number): MessageJob {
  return { mailbox: 'sales', sha256: sha256Of(Buffer.from(`job ${number}`)) };
}
