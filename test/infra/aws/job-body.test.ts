import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { jobOf, routeJobsOf, UnreadableBody } from '../../../infra/aws/runtime/job-body.ts';
import { fetchJob } from '../../../shared/queue/job-queue.ts';
import { objectCreated, S3_TEST_EVENT } from '../../support/queue-event.ts';

const SHA = 'ab'.repeat(32);
const KEY = { mailbox: 'sales', sha256: SHA };

describe('what the route queue carries', () => {
  test('a job of ours', () => {
    expect(routeJobsOf(JSON.stringify(KEY))).toEqual([KEY]);
  });

  test.each(['2.0', '2.1', '2.6', '2.11'])('a notification of S3, version %s', (version) => {
    expect(routeJobsOf(objectCreated([`Incoming/sales/${SHA}.eml`], version))).toEqual([KEY]);
  });

  test('several objects in one notification', () => {
    const other = { mailbox: 'info', sha256: 'cd'.repeat(32) };
    const body = objectCreated([KEY, other].map((k) => `Incoming/${k.mailbox}/${k.sha256}.eml`));
    expect(routeJobsOf(body)).toEqual([KEY, other]);
  });

  test('a key that S3 encoded', () => {
    const body = objectCreated([`Incoming%2Fs%61les%2F${SHA}.eml`]);
    expect(routeJobsOf(body)).toEqual([KEY]);
  });

  test('a notice of our own', () => {
    expect(routeJobsOf(objectCreated([`Incoming/_notices/${SHA}.eml`]))).toEqual([
      { mailbox: '_notices', sha256: SHA },
    ]);
  });

  test("S3's test event, which is no job", () => {
    expect(routeJobsOf(S3_TEST_EVENT)).toEqual([]);
  });
});

describe('what nobody can read is refused, with a reason', () => {
  test.each([
    ['not JSON', 'Subject: hello', 'expected JSON, got 14 characters of something else'],
    ['null', 'null', 'got a object'],
    ['a text', '"hello"', 'got a string'],
    ['another object', '{"greeting":"hello"}', 'got an object with greeting'],
    ['a later major version', objectCreated([`Incoming/sales/${SHA}.eml`], '3.0'), 'version 2.x'],
    [
      'a removal',
      objectCreated([`Incoming/sales/${SHA}.eml`]).replace('Created:Put', 'Removed:Delete'),
      'expected a routing job or an "ObjectCreated" notification',
    ],
    ['an object of somebody else', objectCreated(['Incoming/hello.eml']), '"Incoming/hello.eml"'],
    ['another area', objectCreated([`Failed/sales/${SHA}.eml`]), `"Failed/sales/${SHA}.eml"`],
    ['a broken encoding', objectCreated(['Incoming/%E0%A4%A/x.eml']), 'Incoming/%E0%A4%A/x.eml'],
  ])('%s', (_, body, words) => {
    expect(() => routeJobsOf(body)).toThrow(UnreadableBody);
    expect(() => routeJobsOf(body)).toThrow(words);
  });

  test('values of a stranger are not repeated, and no field name at length', () => {
    const body = JSON.stringify({ secret: 'hunter2', ['x'.repeat(5000)]: 1 });
    expect(messageOf(() => routeJobsOf(body))).not.toContain('hunter2');
    expect(messageOf(() => routeJobsOf(body)).length).toBeLessThan(500);
  });

  test('whatever comes, it is jobs or a refusal', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (body) => {
        try {
          for (const job of routeJobsOf(body)) expect(typeof job.sha256).toBe('string');
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableBody);
        }
      }),
    );
  });
});

describe('a job of a queue', () => {
  test('is read by its schema', () => {
    const job = { mailbox: 'sales', queuedAt: 5 };
    expect(jobOf(fetchJob)(JSON.stringify(job))).toEqual([job]);
  });

  test('is refused when it is another', () => {
    expect(() => jobOf(fetchJob)(JSON.stringify(KEY))).toThrow('an object with mailbox, sha256');
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected a refusal');
}
