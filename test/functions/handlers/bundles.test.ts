import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { bundle } from '../../../infra/aws/bundle.ts';
import type { Bundle } from '../../../infra/aws/bundle.ts';
import { FUNCTION_NAMES } from '../../../infra/aws/timings.ts';
import { callBundledHandler } from '../../support/bundled-handler.ts';
import { objectCreated, queueEvent, S3_TEST_EVENT } from '../../support/queue-event.ts';
import { makeScratchFolder } from '../../support/scratch-folder.ts';

// The very files that are deployed, each called in a process of its own.
const scratch = makeScratchFolder('bundles');
const folder = scratch.path;
let bundles: readonly Bundle[];

beforeAll(async () => {
  bundles = await bundle(folder);
});
afterAll(() => {
  scratch.remove();
});

const KEY = { mailbox: 'sales', sha256: 'ab'.repeat(32) };

describe('bundles', () => {
  test('one file a function', () => {
    expect(bundles.map(({ name }) => name)).toEqual(FUNCTION_NAMES);
  });

  test.each(FUNCTION_NAMES)('%s has at most 600 KB at its start', (name) => {
    expect(bundles.find((one) => one.name === name)?.octets).toBeLessThanOrEqual(600_000);
  });

  test('Amazon SES is loaded when it is needed, and its second version only for large mail', () => {
    const files = readdirSync(join(folder, 'deliver'));
    const loaded = (start: string): string[] => files.filter((file) => file.startsWith(start));
    const [courier = '', large = ''] = [...loaded('ses-courier-'), ...loaded('ses-large-api-')];
    const read = (file: string): string => readFileSync(join(folder, 'deliver', file), 'utf8');
    expect(read('index.mjs')).toContain(`import("./${courier}")`);
    expect(read(courier)).toContain(`import("./${large}")`);
    expect(files.filter((file) => read(file).includes('/v2/email/outbound-emails'))).toEqual([
      large,
    ]);
  });

  test.each(FUNCTION_NAMES)('%s says what it misses when the stack set nothing', async (name) => {
    const environment = { AWS_REGION: 'eu-central-1' };
    const { thrown } = await callBundledHandler({ folder, name, event: {}, environment });
    expect(thrown).toMatch(/^expected the stack to set MAILFERRY_/);
  });

  test.each(['fetch', 'route', 'deliver'] as const)(
    '%s refuses an event of another kind',
    async (name) => {
      const { thrown } = await callBundledHandler({ folder, name, event: { detail: {} } });
      expect(thrown).toBe(
        'expected the event of an SQS event source, with Records; wrong at: Records',
      );
    },
  );

  test('a handler has at most 40 lines: wiring, and nothing else', () => {
    for (const name of FUNCTION_NAMES) {
      const file = join(import.meta.dirname, '../../../functions', name, 'handler.ts');
      expect(readFileSync(file, 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    }
  });
});

describe('api', () => {
  const event = (method: string, rawPath: string) => ({
    version: '2.0',
    rawPath,
    rawQueryString: '',
    requestContext: { http: { method } },
  });

  test('answers a request that no route is for, and one that is none, with a problem document', async () => {
    for (const [asked, status] of [
      [event('GET', '/elsewhere'), 404],
      [event('GET', '/fetch'), 405],
      [{ Records: [] }, 400],
    ] as const) {
      const { returned } = await callBundledHandler({ folder, name: 'api', event: asked });
      expect(returned).toMatchObject({
        statusCode: status,
        headers: { 'content-type': 'application/problem+json' },
      });
    }
  });
});

describe('fetch', () => {
  test('drops a job older than two minutes without asking anybody', async () => {
    const body = JSON.stringify({ mailbox: 'sales', queuedAt: Date.now() - 121_000 });
    const { returned, log } = await callBundledHandler({
      folder,
      name: 'fetch',
      event: queueEvent([{ id: '1', body }]),
    });
    expect(returned).toEqual({ batchItemFailures: [] });
    expect(log).toEqual([]);
  });

  test('reports a job when not even the ledger can be reached', async () => {
    const body = JSON.stringify({ mailbox: 'sales', queuedAt: Date.now() });
    const { returned, log } = await callBundledHandler({
      folder,
      name: 'fetch',
      event: queueEvent([{ id: '1', body }]),
    });
    expect(returned).toEqual({ batchItemFailures: [{ itemIdentifier: '1' }] });
    expect(log.join('\n')).toContain('"kind":"ledger"');
  });
});

describe('route', () => {
  test("takes S3's test event for nothing", async () => {
    const { returned } = await callBundledHandler({
      folder,
      name: 'route',
      event: queueEvent([{ id: '1', body: S3_TEST_EVENT }]),
    });
    expect(returned).toEqual({ batchItemFailures: [] });
  });

  test('reports what it cannot read or work on, each with its reason', async () => {
    const { returned, log } = await callBundledHandler({
      folder,
      name: 'route',
      event: queueEvent([
        { id: 'strange', body: '{"greeting":"hello"}' },
        { id: 'misplaced', body: objectCreated(['Incoming/hello.eml']) },
        { id: 'sound', body: JSON.stringify(KEY) },
      ]),
    });
    expect(returned).toEqual({
      batchItemFailures: ['strange', 'misplaced', 'sound'].map((itemIdentifier) => ({
        itemIdentifier,
      })),
    });
    const words = log.join('\n');
    expect(words).toContain('got an object with greeting');
    expect(words).toContain('Incoming/hello.eml');
    expect(words).toContain('"kind":"secret"');
  });
});

describe('deliver', () => {
  test('begins no further attempt that Lambda would cut off, but always the first', async () => {
    const body = JSON.stringify(KEY);
    const { returned, log } = await callBundledHandler({
      folder,
      name: 'deliver',
      event: queueEvent([
        { id: '1', body },
        { id: '2', body },
      ]),
      remainingMs: 14 * 60_000,
    });
    expect(returned).toEqual({
      batchItemFailures: [{ itemIdentifier: '1' }, { itemIdentifier: '2' }],
    });
    // The first failed at the ledger, which nobody answers for here; the second was not begun.
    expect(log.filter((line) => line.includes('"message":"job failed'))).toHaveLength(1);
  });
});
