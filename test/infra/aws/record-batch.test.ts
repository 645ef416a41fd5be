import { describe, expect, test } from 'vitest';

import { handleRecords } from '../../../infra/aws/runtime/record-batch.ts';
import type { RecordBatch } from '../../../infra/aws/runtime/record-batch.ts';
import { UnreadableBody } from '../../../infra/aws/runtime/job-body.ts';
import { Failure } from '../../../shared/failure.ts';
import type { LogFields } from '../../../shared/observe/log.ts';
import { silentLog } from '../../../shared/observe/pino-log.ts';
import { DONE } from '../../../shared/queue/job-queue.ts';
import type { JobOutcome } from '../../../shared/queue/job-queue.ts';
import { queueEvent } from '../../support/queue-event.ts';

const NOW = 1_000_000_000_000;
const HOUR = 3_600_000;

/** A batch whose jobs are the words of a body, and what it put off and logged. */
function scene(
  handle: (job: string) => Promise<JobOutcome>,
  more: Partial<RecordBatch<string>> = {},
) {
  const putOffs: Record<string, number> = {};
  const errors: (LogFields & { event: string })[] = [];
  const batch: RecordBatch<string> = {
    queue: 'test',
    jobsOf: (body) => body.split(' ').filter((word) => word !== ''),
    handle,
    putOff: (receipt, seconds) => {
      putOffs[receipt.replace('receipt of ', '')] = seconds;
      return Promise.resolve();
    },
    order: 'together',
    clock: { now: () => NOW },
    log: { ...silentLog, error: (event, fields = {}) => errors.push({ event, ...fields }) },
    ...more,
  };
  return { batch, putOffs, errors };
}

function again(...ids: readonly string[]) {
  return { batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) };
}

const later = (ms: number): Promise<JobOutcome> => Promise.resolve({ kind: 'later', at: NOW + ms });
const done = (): Promise<JobOutcome> => Promise.resolve(DONE);

test('a fault is logged with the message or mailbox that it is about', async () => {
  const { batch, errors } = scene(() => Promise.reject(new Error('no ledger')));
  const sha256 = 'ab'.repeat(32);
  const jobs = [
    { mailbox: 'sales', sha256 },
    { mailbox: 'sales', queuedAt: NOW },
  ];
  const event = queueEvent([{ id: '1', body: 'a' }]);
  await handleRecords(event, { ...batch, jobsOf: () => jobs, handle: () => batch.handle('a') });
  expect(errors).toMatchObject([
    { event: 'job failed, comes again', message: `sales/${sha256}`, error: 'no ledger' },
    { event: 'job failed, comes again', mailbox: 'sales', error: 'no ledger' },
  ]);
});

describe('outcomes', () => {
  test('done: the record is not reported, so it is deleted', async () => {
    const { batch, putOffs } = scene(done);
    const event = queueEvent([
      { id: '1', body: 'a' },
      { id: '2', body: 'b' },
    ]);
    await expect(handleRecords(event, batch)).resolves.toEqual(again());
    expect(putOffs).toEqual({});
  });

  test('later: hidden until then, and reported', async () => {
    const { batch, putOffs } = scene(() => later(90_000));
    const event = queueEvent([{ id: '1', body: 'a', firstReceivedAt: NOW }]);
    await expect(handleRecords(event, batch)).resolves.toEqual(again('1'));
    expect(putOffs).toEqual({ 1: 90 });
  });

  test('a time that has passed: at once', async () => {
    const { batch, putOffs } = scene(() => later(-5_000));
    await handleRecords(queueEvent([{ id: '1', body: 'a', firstReceivedAt: NOW }]), batch);
    expect(putOffs).toEqual({ 1: 0 });
  });

  test('thrown: reported, and hidden the longer the more often it was received', async () => {
    const { batch, putOffs, errors } = scene(() =>
      Promise.reject(new Failure('ledger', 'temporary', 'the table throttles')),
    );
    const event = queueEvent([
      { id: '1', body: 'a', receives: 1, firstReceivedAt: NOW },
      { id: '2', body: 'b', receives: 4 },
      { id: '3', body: 'c', receives: 900 },
    ]);
    await expect(handleRecords(event, batch)).resolves.toEqual(again('1', '2', '3'));
    expect(putOffs).toEqual({ 1: 30, 2: 120, 3: 3600 });
    expect(errors[0]).toMatchObject({
      queue: 'test',
      kind: 'ledger',
      error: 'the table throttles',
    });
  });

  test('one record is nothing to another', async () => {
    const { batch } = scene((job) => (job === 'bad' ? Promise.reject(new Error('bad')) : done()));
    const event = queueEvent(['a', 'bad', 'c'].map((body) => ({ id: body, body })));
    await expect(handleRecords(event, batch)).resolves.toEqual(again('bad'));
  });

  test('a body that nobody can read fails alone, with its reason', async () => {
    const { batch, errors, putOffs } = scene(done, {
      jobsOf: (body) => {
        if (body === '?') throw new UnreadableBody('a word', 'a question mark');
        return [body];
      },
    });
    const event = queueEvent([
      { id: '1', body: 'a' },
      { id: '2', body: '?', receives: 700 },
    ]);
    await expect(handleRecords(event, batch)).resolves.toEqual(again('2'));
    expect(errors[0]?.['error']).toBe('expected a word, got a question mark');
    expect(putOffs).toEqual({ 2: 60 });
  });
});

describe('several jobs in one record', () => {
  test('all are tried, and a fault of one brings the record back', async () => {
    const tried: string[] = [];
    const { batch } = scene((job) => {
      tried.push(job);
      return job === 'b' ? Promise.reject(new Error('b')) : done();
    });
    const answer = await handleRecords(queueEvent([{ id: '1', body: 'a b c' }]), batch);
    expect(answer).toEqual(again('1'));
    expect(tried).toEqual(['a', 'b', 'c']);
  });

  test('the earliest time counts', async () => {
    const times: Record<string, number> = { a: 50_000, b: 20_000, c: 70_000 };
    const { batch, putOffs } = scene((job) => (job === 'd' ? done() : later(times[job] ?? 0)));
    await handleRecords(queueEvent([{ id: '1', body: 'a b c d', firstReceivedAt: NOW }]), batch);
    expect(putOffs).toEqual({ 1: 20 });
  });

  test('none: done', async () => {
    const { batch } = scene(() => Promise.reject(new Error('no job to handle')));
    await expect(handleRecords(queueEvent([{ id: '1', body: '' }]), batch)).resolves.toEqual(
      again(),
    );
  });
});

describe('no longer than SQS hides a message: 12 hours from the receive', () => {
  test('on the first receive, its time is known', async () => {
    const { batch, putOffs } = scene(() => later(20 * HOUR));
    const event = queueEvent([{ id: '1', body: 'a', receives: 1, firstReceivedAt: NOW - HOUR }]);
    await handleRecords(event, batch);
    expect(putOffs['1']).toBeLessThanOrEqual(11 * 3600);
    expect(putOffs['1']).toBeGreaterThan(11 * 3600 - 120);
  });

  test('later the first receive says nothing: counted from this invocation', async () => {
    let now = NOW;
    const { batch, putOffs } = scene(
      () => {
        now += 10 * 60_000;
        return Promise.resolve({ kind: 'later', at: now + 20 * HOUR });
      },
      { clock: { now: () => now } },
    );
    const event = queueEvent([
      { id: '1', body: 'a', receives: 7, firstReceivedAt: NOW - 90 * HOUR },
    ]);
    await handleRecords(event, batch);
    expect(putOffs['1']).toBeLessThanOrEqual(43_200 - 600);
    expect(putOffs['1']).toBeGreaterThan(43_200 - 600 - 120);
  });
});

describe('in turn', () => {
  test('one after the other', async () => {
    let working = 0;
    let most = 0;
    const { batch } = scene(
      async () => {
        most = Math.max(most, ++working);
        await new Promise((resolve) => setImmediate(resolve));
        working -= 1;
        return DONE;
      },
      { order: 'inTurn' },
    );
    await handleRecords(queueEvent(['a', 'b', 'c'].map((id) => ({ id, body: id }))), batch);
    expect(most).toBe(1);
  });

  test('what there is no time for is not begun, and goes back at once', async () => {
    const begun: string[] = [];
    const { batch, putOffs } = scene(
      (job) => {
        begun.push(job);
        return done();
      },
      { order: 'inTurn', mayBegin: () => begun.length < 1 },
    );
    const event = queueEvent(['a', 'b', 'c'].map((id) => ({ id, body: id })));
    await expect(handleRecords(event, batch)).resolves.toEqual(again('b', 'c'));
    expect(begun).toEqual(['a']);
    expect(putOffs).toEqual({ b: 0, c: 0 });
  });
});

describe('when the visibility cannot be changed', () => {
  test('the record is reported all the same', async () => {
    const { batch } = scene(() => later(60_000), {
      putOff: () => Promise.reject(new Error('receipt expired')),
    });
    await expect(handleRecords(queueEvent([{ id: '1', body: 'a' }]), batch)).resolves.toEqual(
      again('1'),
    );
  });

  test('a queue without any: the same', async () => {
    const { batch } = scene(() => later(60_000), { putOff: null });
    await expect(handleRecords(queueEvent([{ id: '1', body: 'a' }]), batch)).resolves.toEqual(
      again('1'),
    );
  });
});

describe('an event of another kind is refused, with a reason', () => {
  test.each([
    [undefined, 'the event'],
    [{}, 'Records'],
    [{ Records: [] }, 'Records'],
    [{ Records: [{ messageId: '1', body: 'a' }] }, 'Records.0.receiptHandle'],
    [{ detail: {} }, 'Records'],
  ])('%j', async (event, where) => {
    const { batch } = scene(done);
    await expect(handleRecords(event, batch)).rejects.toThrow(where);
  });
});
