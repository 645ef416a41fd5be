import { describe, expect, test } from 'vitest';

import { RequestCount } from './request-count.ts';

/** Sends one request through a count, as an SDK client does. */
async function send(count: RequestCount, commandName: string, input: object): Promise<void> {
  const next = () => Promise.resolve({});
  await count.middleware('DynamoDB')(next, { commandName })({ input });
}

function itemOf(pk: string, octets: number) {
  // `pk`, `sk` and `r` are five octets themselves, and so is `-` one.
  return { pk: { S: pk }, sk: { S: '-' }, r: { S: 'x'.repeat(octets - pk.length - 6) } };
}

describe('the count of requests', () => {
  test.each([
    [7, 1],
    [1024, 1],
    [1025, 2],
  ])('an item of %i octets costs %i write units', async (octets, units) => {
    const count = new RequestCount();
    await send(count, 'PutItemCommand', { Item: itemOf('m', octets) });
    expect(count.writeUnits).toEqual(new Map([['m', units]]));
  });

  test('an item that shrinks costs what it was before, and a read what it may be', async () => {
    const count = new RequestCount();
    await send(count, 'PutItemCommand', { Item: itemOf('m#1', 5000) });
    await send(count, 'PutItemCommand', { Item: itemOf('m#1', 100) });
    await send(count, 'PutItemCommand', { Item: itemOf('m#2', 100) });
    const { pk, sk } = itemOf('m#1', 100);
    await send(count, 'GetItemCommand', { Key: { pk, sk } });
    expect(count.writeUnits.get('m')).toBe(5 + 5 + 1);
    expect(count.readUnits.get('m')).toBe(2);
    expect(count.requests).toEqual(
      new Map([
        ['DynamoDB PutItem', 3],
        ['DynamoDB GetItem', 1],
      ]),
    );
  });

  test('each item of a batch counts by itself, and what is not found is read too', async () => {
    const count = new RequestCount();
    const items = [itemOf('u#1', 100), itemOf('d#1', 1100)];
    const table = items.map((item) => ({ PutRequest: { Item: item } }));
    await send(count, 'BatchWriteItemCommand', { RequestItems: { table } });
    const keys = [itemOf('u#1', 100), itemOf('u#2', 100)].map(({ pk, sk }) => ({ pk, sk }));
    await send(count, 'BatchGetItemCommand', { RequestItems: { table: { Keys: keys } } });
    expect(Object.fromEntries(count.writeUnits)).toEqual({ u: 1, d: 2 });
    expect(Object.fromEntries(count.readUnits)).toEqual({ u: 2 });
  });

  test.each(['UpdateItem', 'DeleteItem', 'TransactWriteItems', 'Scan'])(
    'what it cannot compute is no zero: %s',
    async (operation) => {
      await expect(send(new RequestCount(), `${operation}Command`, {})).rejects.toThrow(operation);
    },
  );

  test('a query counts as one unit of the partition that it names', async () => {
    const count = new RequestCount();
    await send(count, 'QueryCommand', {
      ExpressionAttributeValues: { ':pk': { S: 'uidls#sales' } },
    });
    expect(Object.fromEntries(count.readUnits)).toEqual({ uidls: 1 });
  });
});
