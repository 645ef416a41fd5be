import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';

import { dynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import { uidlRecord } from '../support/uidl-records.ts';
import type { AwsScript } from '../support/scripted-aws-service.ts';
import { scriptedAwsService } from '../support/scripted-aws-service.ts';

const ACCOUNT = { mailbox: 'sales', host: 'pop.provider.example', username: 'sales' };

describe('the DynamoDB ledger on a service that has too much to do', () => {
  it.each([
    [
      'BatchGetItem',
      { Responses: {}, UnprocessedKeys: { t: { Keys: [{ pk: { S: 'a' }, sk: { S: 'b' } }] } } },
    ],
    ['BatchWriteItem', { UnprocessedItems: { t: [{ PutRequest: { Item: { pk: { S: 'a' } } } }] } }],
  ])('asks again for what %s left, and gives up temporarily', async (operation, answer) => {
    await using service = await scriptedService((name) =>
      name === operation ? [200, answer] : [400, {}],
    );
    const { uidls } = dynamoLedger({ client: service.client, table: 't', random: () => 0 });
    const record = uidlRecord({ uidlHash: 'u' });
    const attempt =
      operation === 'BatchGetItem' ? uidls.find(ACCOUNT, ['u']) : uidls.record(ACCOUNT, [record]);
    await expect(attempt).rejects.toMatchObject({ kind: 'ledger', permanence: 'temporary' });
    expect(service.requests()).toBe(12);
  });

  it('goes on with what came in the second round', async () => {
    const item = {
      pk: { S: 'x' },
      sk: { S: 'u' },
      s: { S: 's' },
      z: { N: '1' },
      h: { S: 'h' },
      t: { N: '1' },
    };
    await using service = await scriptedService((_, at) =>
      at === 0
        ? [
            200,
            {
              Responses: {},
              UnprocessedKeys: { t: { Keys: [{ pk: { S: 'x' }, sk: { S: 'u' } }] } },
            },
          ]
        : [200, { Responses: { t: [item] } }],
    );
    const { uidls } = dynamoLedger({ client: service.client, table: 't', random: () => 0 });
    expect([...(await uidls.find(ACCOUNT, ['u'])).keys()]).toEqual(['u']);
  });

  it.each([
    'ProvisionedThroughputExceededException',
    'ThrottlingException',
    'RequestLimitExceeded',
  ])('takes %s for temporary', async (name) => {
    await using service = await scriptedService(() => [
      400,
      { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'slow down' },
    ]);
    const { mailboxes } = dynamoLedger({ client: service.client, table: 't' });
    const attempt = mailboxes.read('sales');
    await expect(attempt).rejects.toMatchObject({ kind: 'ledger', permanence: 'temporary' });
    await expect(attempt).rejects.toThrow(name);
  });

  it('gives up a change that always loses the race', async () => {
    await using service = await scriptedService((name) =>
      name === 'GetItem'
        ? [200, {}]
        : [400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' }],
    );
    const { mailboxes } = dynamoLedger({ client: service.client, table: 't', random: () => 0 });
    let runs = 0;
    const attempt = mailboxes.change('sales', (record) => {
      runs += 1;
      return { store: record ?? LEASED, answer: null };
    });
    await expect(attempt).rejects.toMatchObject({ kind: 'ledger', permanence: 'temporary' });
    expect(runs).toBe(40);
  });

  it('looks a claim up where the refusal does not name its owner', async () => {
    await using service = await scriptedService((name) =>
      name === 'GetItem'
        ? [200, { Item: { o: { S: 'first' } } }]
        : [400, { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException' }],
    );
    const { duplicates } = dynamoLedger({ client: service.client, table: 't' });
    const claim = { mailbox: 'sales', recipient: 'a@corp.example', duplicateKey: 'k' };
    expect(await duplicates.claim([claim], 'second', { now: 1, expiresAt: 2 })).toEqual(['first']);
  });
});

const LEASED = { ...NO_MAILBOX_RECORD, lease: { owner: 'x', until: 1 } };

/** What MiniStack cannot play: a service that answers each operation as the script says. */
async function scriptedService(script: AwsScript) {
  const service = await scriptedAwsService(script);
  const scripted = new DynamoDBClient(service.clientOptions);
  return {
    client: scripted,
    requests: service.requests,
    [Symbol.asyncDispose]: async () => {
      scripted.destroy();
      await service.close();
    },
  };
}
