import { describe, expect, test } from 'vitest';

import { RequestCount } from '../../support/request-count.ts';
import { usageOf } from './usage.ts';

async function counted(
  ...requests: readonly (readonly [string, string, object?])[]
): Promise<RequestCount> {
  const count = new RequestCount();
  for (const [service, operation, input = {}] of requests) {
    const next = () => Promise.resolve({});
    await count.middleware(service)(next, { commandName: `${operation}Command` })({ input });
  }
  return count;
}

describe('what recorded requests are billed as', () => {
  test('each operation by its class, DynamoDB by its units', async () => {
    const item = { pk: { S: 'uidl#a' }, sk: { S: 'b' }, r: { S: 'x'.repeat(1500) } };
    const count = await counted(
      ['S3', 'PutObject'],
      ['S3', 'GetObject'],
      ['S3', 'DeleteObject'],
      ['S3', 'ListObjectsV2'],
      ['SQS', 'SendMessageBatch'],
      ['SSM', 'GetParametersByPath'],
      ['DynamoDB', 'PutItem', { Item: item }],
      ['DynamoDB', 'GetItem', { Key: { pk: item.pk, sk: item.sk } }],
    );
    expect(usageOf(count)).toEqual({
      ...{ s3Write: 2, s3Read: 1, s3Delete: 1, sqs: 1, ssm: 1 },
      ...{ dynamoWrite: 2, dynamoRead: 1 },
    });
  });

  test('an operation without a price is no zero', async () => {
    const count = await counted(['S3', 'SelectObjectContent']);
    expect(() => usageOf(count)).toThrow('S3 SelectObjectContent');
  });
});
