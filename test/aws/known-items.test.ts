import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { dynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import type { DynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { createLedgerTable } from '../support/ledger-table.ts';
import { waitingItem } from '../support/message-items.ts';
import { startMiniStack } from '../support/ministack.ts';
import type { MiniStack } from '../support/ministack.ts';
import { COUNTED_AT, RequestCount } from '../support/request-count.ts';

const TABLE = 'known-items';

/** Two processes on one table, each of which remembers what it saw last: neither may act on what is no longer so. */
let ministack: MiniStack;
let client: DynamoDBClient;
let count: RequestCount;
let here: DynamoLedger;
let there: DynamoLedger;
let message = 0;

beforeAll(async () => {
  ministack = await startMiniStack();
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const { endpoint } = ministack;
  client = new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials });
  await createLedgerTable(client, TABLE);
  client.middlewareStack.add(
    (next, context) => (args) => count.middleware('DynamoDB')(next, context)(args),
    COUNTED_AT,
  );
});
afterAll(async () => {
  client.destroy();
  await ministack.stop();
});
beforeEach(() => {
  count = new RequestCount();
  here = dynamoLedger({ client, table: TABLE });
  there = dynamoLedger({ client, table: TABLE });
  message += 1;
});

const key = () => ({ mailbox: 'sales', sha256: String(message).padStart(64, '0') });
const starts = (item: MessageItem | null) => item?.starts ?? 0;

/** One more start; the answer is how many there were. */
function start(ledger: DynamoLedger): Promise<number> {
  return ledger.messages.change(key(), (item) => ({
    store: { ...(item ?? waitingItem([])), starts: starts(item) + 1 },
    answer: starts(item),
  }));
}

/** Changes nothing. */
function look(ledger: DynamoLedger): Promise<number> {
  return ledger.messages.change(key(), (item) => ({ store: null, answer: starts(item) }));
}

test('what was just looked up or written is changed without another read', async () => {
  await here.messages.find([key()]);
  expect(await start(here)).toBe(0);
  expect(await start(here)).toBe(1);
  expect(count.requests).toEqual(
    new Map([
      ['DynamoDB BatchGetItem', 1],
      ['DynamoDB PutItem', 2],
    ]),
  );
});

test('a change by somebody else in between is seen, and nothing of it is lost', async () => {
  await here.messages.find([key()]);
  expect(await start(there)).toBe(0);
  expect(await start(here)).toBe(1);
  expect(await start(there)).toBe(2);
});

test('an answer without a write is never from memory', async () => {
  await start(here);
  await start(there);
  expect(await look(here)).toBe(2);
});
