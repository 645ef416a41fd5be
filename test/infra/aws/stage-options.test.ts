import { describe, expect, test } from 'vitest';

import { readStageOptions } from '../../../infra/aws/stage-options.ts';

function read(context: Readonly<Record<string, unknown>>) {
  return readStageOptions((key) => context[key]);
}

describe('context of a deployment', () => {
  test('has a default for everything', () => {
    expect(read({})).toEqual({
      stage: 'prod',
      deliveryConcurrency: 4,
      fetchConcurrency: 8,
      alertAddress: null,
    });
  });

  test('takes numbers as the command line gives them, as texts', () => {
    expect(read({ stage: 'test-2', deliveryConcurrency: '12', fetchConcurrency: 2 })).toEqual({
      stage: 'test-2',
      deliveryConcurrency: 12,
      fetchConcurrency: 2,
      alertAddress: null,
    });
  });

  test('alarms go to an address, and what is none is refused before anything is deployed', () => {
    expect(read({ alertAddress: 'admin@corp.example' }).alertAddress).toBe('admin@corp.example');
    expect(read({ alertAddress: '' }).alertAddress).toBeNull();
    for (const alertAddress of ['admin', 'a b@corp.example', 7]) {
      expect(() => read({ alertAddress })).toThrow('context alertAddress: expected a mail address');
    }
  });

  test.each(['', 'Prod', '2nd', 'a/b', 'fifteen-letters', 7])('refuses the stage %j', (stage) => {
    expect(() => read({ stage })).toThrow(`got ${JSON.stringify(stage)}`);
  });

  test.each(['1', '1001', '2.5', '', 'many', null])('refuses a concurrency of %j', (value) => {
    expect(() => read({ deliveryConcurrency: value })).toThrow(
      'context deliveryConcurrency: expected a whole number from 2 to 1000',
    );
  });
});
