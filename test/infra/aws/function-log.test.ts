import type { Context } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { functionLog } from '../../../infra/aws/runtime/function-log.ts';

/** The library writes on standard output: there is nothing to pass in. */
const lines: string[] = [];
beforeEach(() => {
  lines.length = 0;
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      lines.push(String(chunk));
      return true;
    });
  }
});
afterEach(() => {
  vi.restoreAllMocks();
});

function written(): readonly Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const KEY = Buffer.alloc(32, 7);

describe('log of a function', () => {
  test('one JSON object a line, from the level that is set', () => {
    const log = functionLog();
    log.debug('not said');
    log.info('message routed', { message: 'sales/0f', warning: undefined, count: 2 });
    log.setLevel('error');
    log.warn('not said either');
    log.error('two\nlines', { error: 'a "quoted"\nword' });
    expect(lines.map((line) => line.match(/\n/g)?.length)).toEqual([1, 1]);
    expect(written()).toMatchObject([
      { level: 'INFO', message: 'message routed', mail: 'sales/0f', count: 2 },
      { level: 'ERROR', message: 'two\nlines', error: 'a "quoted"\nword' },
    ]);
  });

  test('an address is its domain before the key is known, then a digest with the domain', () => {
    const log = functionLog();
    const fields = { recipient: 'Chris@corp.example', reply: '550 <chris@corp.example>: no' };
    log.info('recipient processed', fields);
    log.setAddressKey(KEY);
    log.info('recipient processed', fields);
    const [before, after] = written();
    expect(before).toMatchObject({
      recipient: 'hidden@corp.example',
      reply: '550 <hidden@corp.example>: no',
    });
    const { recipient } = after as { recipient: string };
    expect(recipient).toMatch(/^[0-9a-f]{12}@corp\.example$/);
    expect(after?.['reply']).toBe(`550 <${recipient}>: no`);
    expect(lines.join('')).not.toMatch(/chris/i);
  });

  test('at the level debug addresses are shown', () => {
    const log = functionLog();
    log.setAddressKey(KEY);
    log.setLevel('debug');
    log.info('recipient processed', { recipient: 'chris@corp.example' });
    expect(written()).toMatchObject([{ recipient: 'chris@corp.example' }]);
  });

  test('lines of an invocation carry its request id', () => {
    const log = functionLog();
    log.invokedBy({ awsRequestId: 'a1b2' } as Context);
    log.info('swept');
    expect(written()).toMatchObject([{ function_request_id: 'a1b2' }]);
    // Each octet is paid for, and the log group says which function it is.
    expect(written()[0]).not.toHaveProperty('function_arn');
  });
});
