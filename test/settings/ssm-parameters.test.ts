import { SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';

import { readBranch, readParameter, writeParameter } from '../../shared/settings/ssm-parameters.ts';
import type { AwsScript } from '../support/scripted-aws-service.ts';
import { scriptedAwsService } from '../support/scripted-aws-service.ts';

/** What no emulator plays: a service that denies, throttles and quotes what it refuses. */
async function scriptedService(script: AwsScript) {
  const service = await scriptedAwsService(script);
  const client = new SSMClient(service.clientOptions);
  return {
    place: { client, stage: 'test', random: () => 0 },
    requests: service.requests,
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await service.close();
    },
  };
}

describe('a request to SSM', () => {
  it('is denied for good, and says which one', async () => {
    await using service = await scriptedService(() => [
      400,
      { __type: 'AccessDeniedException', message: 'not authorized to perform: ssm:GetParameter' },
    ]);
    const reading = readParameter(service.place, 'secrets/sales');
    await expect(reading).rejects.toMatchObject({ kind: 'secret', permanence: 'permanent' });
    await expect(reading).rejects.toThrow(
      'reading the parameter /mailferry/test/secrets/sales failed: AccessDeniedException: not authorized',
    );
    expect(service.requests()).toBe(1);
  });

  it('is repeated when throttled, and goes on', async () => {
    await using service = await scriptedService((_, at) =>
      at === 0
        ? [400, { __type: 'ThrottlingException', message: 'Rate exceeded' }]
        : [200, { Parameter: { Value: 'hunter2' } }],
    );
    expect(await readParameter(service.place, 'secrets/sales')).toBe('hunter2');
  });

  it('fails temporarily when the service is broken', async () => {
    await using service = await scriptedService(() => [500, { __type: 'InternalServerError' }]);
    await expect(readBranch(service.place, 'settings')).rejects.toMatchObject({
      kind: 'settings',
      permanence: 'temporary',
    });
  });

  it('never repeats what the service says of a refused secret', async () => {
    await using service = await scriptedService(() => [
      400,
      { __type: 'ValidationException', message: "Value 'hunter2{{' at 'value' failed" },
    ]);
    const parameter = { name: 'secrets/sales', value: 'hunter2{{', secret: true };
    const writing = writeParameter(service.place, parameter, true);
    await expect(writing).rejects.toMatchObject({ kind: 'secret', permanence: 'permanent' });
    await expect(writing).rejects.toThrow(/secrets\/sales failed: ValidationException$/);
  });

  it('reads every page, also after an empty one', async () => {
    const pages = [
      { Parameters: [{ Name: '/mailferry/test/mailboxes/a', Value: '1' }], NextToken: 'x' },
      { Parameters: [], NextToken: 'y' },
      { Parameters: [{ Name: '/mailferry/test/mailboxes/b', Value: '2' }] },
    ];
    await using service = await scriptedService((_, at) => [200, pages[at] ?? {}]);
    expect([...(await readBranch(service.place, 'mailboxes'))]).toEqual([
      ['mailboxes/a', '1'],
      ['mailboxes/b', '2'],
    ]);
  });
});
