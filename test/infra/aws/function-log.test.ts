import { expect, test } from 'vitest';

import { functionLog } from '../../../infra/aws/runtime/function-log.ts';

test('one JSON object a line, from the level that is set', () => {
  const lines: string[] = [];
  const log = functionLog(
    (line) => lines.push(line),
    () => 0,
  );
  log.debug('not said');
  log.info('message routed', { message: 'sales/0f', warning: undefined, count: 2 });
  log.setLevel('error');
  log.warn('not said either');
  log.error('two\nlines', { error: 'a "quoted"\nword' });
  expect(lines.map((line) => line.at(-1))).toEqual(['\n', '\n']);
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    {
      level: 'info',
      time: '1970-01-01T00:00:00.000Z',
      msg: 'message routed',
      message: 'sales/0f',
      count: 2,
    },
    {
      level: 'error',
      time: '1970-01-01T00:00:00.000Z',
      msg: 'two\nlines',
      error: 'a "quoted"\nword',
    },
  ]);
  expect(lines.join('').match(/\n/g)).toHaveLength(2);
});
