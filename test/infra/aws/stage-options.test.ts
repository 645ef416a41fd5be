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
      ses: null,
    });
  });

  test('takes numbers as the command line gives them, as texts', () => {
    expect(read({ stage: 'test-2', deliveryConcurrency: '12', fetchConcurrency: 2 })).toEqual({
      stage: 'test-2',
      deliveryConcurrency: 12,
      fetchConcurrency: 2,
      alertAddress: null,
      ses: null,
    });
  });

  test('alarms go to an address, and what is none is refused before anything is deployed', () => {
    expect(read({ alertAddress: 'admin@corp.example' }).alertAddress).toBe('admin@corp.example');
    expect(read({ alertAddress: '' }).alertAddress).toBeNull();
    for (const alertAddress of ['admin', 'a b@corp.example', 7]) {
      expect(() => read({ alertAddress })).toThrow('context alertAddress: expected a mail address');
    }
  });

  test('SES is asked for by the address that mail is sent as', () => {
    expect(read({ sesFrom: 'connector@corp.example' }).ses).toEqual({
      from: 'connector@corp.example',
      region: null,
    });
    const ses = { from: 'c@corp.example', region: 'eu-west-1' };
    expect(read({ sesFrom: ses.from, sesRegion: ses.region }).ses).toEqual(ses);
  });

  test.each([
    [{ sesFrom: 'corp.example' }, 'context sesFrom: expected a mail address'],
    [{ sesFrom: '*@corp.example' }, 'context sesFrom: expected a mail address'],
    [{ sesRegion: 'eu-west-1' }, 'context sesRegion: expected sesFrom beside it, got "eu-west-1"'],
    [
      { sesFrom: 'c@corp.example', sesRegion: '*' },
      'context sesRegion: expected an AWS region such as eu-central-1, got "*"',
    ],
  ])('refuses %j', (context, words) => {
    expect(() => read(context)).toThrow(words);
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
