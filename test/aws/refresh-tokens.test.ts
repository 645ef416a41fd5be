import { randomUUID } from 'node:crypto';

import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ssmRefreshTokens } from '../../shared/oauth/ssm-refresh-tokens.ts';
import { diffTree, pushTree } from '../../shared/settings/ssm-tree.ts';
import { refreshTokensContract } from '../contract/refresh-tokens.ts';
import { sampleDocument } from '../settings/sample-document.ts';
import { startMiniStack } from '../support/ministack.ts';
import type { MiniStack } from '../support/ministack.ts';

let ministack: MiniStack;
let client: SSMClient;

beforeAll(async () => {
  ministack = await startMiniStack();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = new SSMClient({ endpoint: ministack.endpoint, region: 'eu-central-1', credentials });
});
afterAll(async () => {
  client.destroy();
  await ministack.stop();
});

const ref = { kind: 'named', name: 'chris-token' } as const;
const nothing = { added: [], changed: [], removed: [] };

function newPlace() {
  return { client, stage: `test-${randomUUID()}` };
}
type Place = ReturnType<typeof newPlace>;

/** As somebody does it at the AWS console. */
async function put({ stage }: Place, name: string, value: string): Promise<void> {
  const path = `/mailferry/${stage}/secrets/${name}`;
  await client.send(
    new PutParameterCommand({ Name: path, Value: value, Type: 'SecureString', Overwrite: true }),
  );
}

async function get({ stage }: Place, name: string) {
  const path = `/mailferry/${stage}/secrets/${name}`;
  const command = new GetParameterCommand({ Name: path, WithDecryption: true });
  return (await client.send(command)).Parameter;
}

refreshTokensContract('the tree in SSM', () => {
  const place = newPlace();
  return Promise.resolve({
    open: () => ssmRefreshTokens(place),
    configure: (name, token) => put(place, name, token),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
});

describe('a rotated token in SSM', () => {
  it('is written back to its secret, encrypted, beside digests alone', async () => {
    const place = newPlace();
    await put(place, 'chris-token', 'pushed-token');
    await ssmRefreshTokens(place).replace(ref, 'pushed-token', 'rotated-token');
    expect(await get(place, 'chris-token')).toMatchObject({
      Value: 'rotated-token',
      Type: 'SecureString',
    });
    const record = await get(place, 'chris-token/rotated');
    expect(record?.Type).toBe('SecureString');
    expect(record?.Value).not.toMatch(/pushed-token|rotated-token/);
  });

  it('of a deployment has a secret, or is not kept', async () => {
    const tokens = ssmRefreshTokens(newPlace());
    await expect(
      tokens.replace({ kind: 'plain', value: 'in-the-parameter' }, 'in-the-parameter', 'two'),
    ).rejects.toMatchObject({ kind: 'secret', permanence: 'permanent' });
  });
});

describe('a push of the configuration', () => {
  function configuration(token: string) {
    const document = sampleDocument();
    Object.assign(document.mailboxes.chris, {
      password: null,
      oauth: {
        ...{ provider: 'microsoft', clientId: 'app' },
        refreshToken: { secret: 'chris-token' },
      },
    });
    return { document, secrets: new Map([['chris-token', token]]) };
  }

  it('does not bring a token back that its provider has replaced', async () => {
    const place = newPlace();
    await pushTree(place, configuration('one'));
    const tokens = ssmRefreshTokens(place);
    await tokens.replace(ref, 'one', 'two');
    await tokens.replace(ref, 'two', 'three');
    expect(await diffTree(place, configuration('one'))).toEqual(nothing);
    await pushTree(place, configuration('one'));
    expect((await tokens.read(ref)).value).toBe('three');
  });

  it('sets a new token, also one that was there before', async () => {
    const place = newPlace();
    await pushTree(place, configuration('one'));
    const tokens = ssmRefreshTokens(place);
    await tokens.replace(ref, 'one', 'two');
    await pushTree(place, configuration('new'));
    expect((await tokens.read(ref)).value).toBe('new');
    expect(await diffTree(place, configuration('one'))).toMatchObject({
      changed: ['secrets/chris-token'],
    });
    await pushTree(place, configuration('one'));
    expect((await tokens.read(ref)).value).toBe('one');
  });
});
