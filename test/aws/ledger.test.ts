import {
  DeleteTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { dynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import type { DynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import {
  claimDelivery,
  decideOnce,
  endAttempt,
  inOneWrite,
  recordReplies,
} from '../../shared/ledger/message-transitions.ts';
import { makeMarker } from '../../shared/mail/marker.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import { receivedField } from '../../shared/mail/received.ts';
import { destinationLedgerContract } from '../contract/destination-ledger.ts';
import { duplicateLedgerContract } from '../contract/duplicate-ledger.ts';
import {
  causeLedgerContract,
  comparisonLedgerContract,
  failedIndexContract,
  retryLedgerContract,
} from '../contract/failed-ledger.ts';
import { mailboxLedgerContract } from '../contract/mailbox-ledger.ts';
import { messageIndexContract } from '../contract/message-index.ts';
import { messageLedgerContract } from '../contract/message-ledger.ts';
import { uidlLedgerContract } from '../contract/uidl-ledger.ts';
import { FetchWorld, sizedMessage } from '../support/fetch-world.ts';
import { octetsOfItem, writeUnitsOf } from '../support/item-size.ts';
import { createLedgerTable } from '../support/ledger-table.ts';
import { decisionFor, waitingItem } from '../support/message-items.ts';
import { COUNTED_AT, RequestCount } from '../support/request-count.ts';
import { startMiniStack } from '../support/ministack.ts';
import type { MiniStack } from '../support/ministack.ts';
import { sha256Of } from '../support/spooled-message.ts';
import { takenState, uidlRecord } from '../support/uidl-records.ts';

/*
 * What MiniStack 1.4.21 gets wrong against AWS, so that nothing here shows it: it never throttles nor leaves a batch
 * unprocessed, knows no IAM, its capacity figures are not AWS's, and its time to live strikes within a minute (AWS: days).
 */

let client: DynamoDBClient;
let ministack: MiniStack;

beforeAll(async () => {
  ministack = await startMiniStack();
  client = clientOf(ministack.endpoint);
});
afterAll(async () => {
  client.destroy();
  await ministack.stop();
});

function clientOf(endpoint: string): DynamoDBClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new DynamoDBClient({ endpoint, region: 'eu-central-1', credentials });
}

interface UsedTable {
  readonly table: string;
  readonly ledgers: DynamoLedger;
  readonly remove: () => Promise<void>;
}

async function newTable(): Promise<UsedTable> {
  const table = `ledger-${randomUUID()}`;
  await createLedgerTable(client, table);
  const remove = async () => {
    await client.send(new DeleteTableCommand({ TableName: table }));
  };
  return { table, ledgers: dynamoLedger({ client, table }), remove };
}

/** One of the ports, as its contract wants it. */
function only<Ledger>(pick: (ledgers: DynamoLedger) => Ledger) {
  return async () => {
    const { ledgers, remove } = await newTable();
    return { ledger: pick(ledgers), close: remove };
  };
}

messageLedgerContract(
  'the DynamoDB ledger',
  only(({ messages }) => messages),
);
mailboxLedgerContract(
  'the DynamoDB ledger',
  only(({ mailboxes }) => mailboxes),
);
uidlLedgerContract(
  'the DynamoDB ledger',
  only(({ uidls }) => uidls),
);
destinationLedgerContract(
  'the DynamoDB ledger',
  only(({ destinations }) => destinations),
);
messageIndexContract(
  'the DynamoDB ledger',
  only((ledgers) => ledgers),
);
retryLedgerContract(
  'the DynamoDB ledger',
  only(({ retries }) => retries),
);
causeLedgerContract(
  'the DynamoDB ledger',
  only(({ causes }) => causes),
);
failedIndexContract(
  'the DynamoDB ledger',
  only((ledgers) => ledgers),
);
comparisonLedgerContract(
  'the DynamoDB ledger',
  only(({ comparisons }) => comparisons),
);
duplicateLedgerContract(
  'the DynamoDB ledger',
  only(({ duplicates }) => duplicates),
);

const KEY = { mailbox: 'sales', sha256: sha256Of(Buffer.from('message')) };
const ACCOUNT = { mailbox: 'sales', host: 'pop.provider.example', username: 'sales' };
const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2026, 10, 23);

describe('the DynamoDB ledger', () => {
  let used: UsedTable;
  beforeEach(async () => {
    used = await newTable();
    return used.remove;
  });

  const items = async (): Promise<Record<string, AttributeValue>[]> =>
    (await client.send(new ScanCommand({ TableName: used.table }))).Items ?? [];

  it('spends five write units on a message for one recipient', async () => {
    const { messages, uidls, duplicates } = used.ledgers;
    const units: number[] = [];
    /** Every write so far was of one item, and the largest that lies there now bounds what it cost. */
    const wrote = async () => {
      units.push(Math.max(...(await items()).map((item) => writeUnitsOf(octetsOfItem(item)))));
    };
    const address = 'christine.mustermann@corp.example';
    await uidls.record(ACCOUNT, [
      uidlRecord({
        state: takenState({ sha256: KEY.sha256, deleIn: NOW }),
        size: 52_311,
        ...{ firstSeenAt: NOW, seenAt: NOW, goneAt: NOW },
      }),
    ]);
    await wrote();
    const claim = {
      mailbox: 'sales',
      recipient: address,
      duplicateKey: sha256Of(Buffer.from('d')),
    };
    await duplicates.claim([claim], KEY.sha256, { now: NOW, expiresAt: NOW + 14 * DAY });
    await wrote();
    await messages.change(
      KEY,
      decideOnce(realisticDecision(address), new Set(), {
        arrivedAt: NOW,
        now: NOW + 1,
        messageId: '<DB7PR04MB4711D3C5B7A9E1F0CABDB7PR04MB4711@nwtraders.example>',
      }),
    );
    await wrote();
    const token = randomUUID();
    await messages.change(KEY, claimDelivery({ token, until: NOW + DAY, now: NOW + 2 }));
    await wrote();
    const reply = {
      address,
      verdict: 'sent' as const,
      code: 250,
      enhancedCode: '2.0.0',
      // As long as a reply gets that is kept whole: other servers say half of it.
      text: `Ok: queued as ${'4XyZ1a2B3c'.repeat(9)}`,
      host: 'mail.corp.example:587',
    };
    const plan = { giveUpAt: NOW + DAY, nextDue: () => NOW + DAY };
    const finished = inOneWrite(
      recordReplies(token, [reply], NOW + 3),
      endAttempt(token, NOW + 4, plan),
    );
    await messages.change(KEY, finished);
    await wrote();
    expect(units).toEqual([1, 1, 1, 1, 1]);
    expect((await messages.find([KEY])).get(formatKey(KEY))?.recipients[0]?.state).toBe('sent');
  });

  it('reads one item, once, for a poll of a mailbox that has not changed', async () => {
    const world = new FetchWorld({ keep: 'forever' }, used.ledgers);
    for (let at = 0; at < 300; at += 1) {
      world.provider.mails.push({ content: sizedMessage(`m${at}`, 300), uidl: `uidl-${at}` });
    }
    await world.fetch();
    await world.deliver();
    await world.fetch();
    const count = new RequestCount();
    const counted = clientOf(ministack.endpoint);
    counted.middlewareStack.add(count.middleware('DynamoDB'), COUNTED_AT);
    const ledger = dynamoLedger({ client: counted, table: used.table });
    const poll = new FetchWorld({ keep: 'forever' }, ledger);
    poll.provider.mails.push(...world.provider.mails);
    const outcome = await poll.fetch();
    expect(outcome?.result).toMatchObject({ status: 'ok', fetched: 0, left: 0 });
    expect(Object.fromEntries(count.requests)).toEqual({
      'DynamoDB GetItem': 1,
      'DynamoDB PutItem': 2,
    });
    counted.destroy();
  });

  it('leaves what is gone from the server to the time to live, and nothing else', async () => {
    await used.ledgers.uidls.record(ACCOUNT, [
      uidlRecord({ uidlHash: 'kept', seenAt: NOW }),
      uidlRecord({ uidlHash: 'gone', seenAt: 0, goneAt: NOW }),
    ]);
    const item = waitingItem([]);
    const ended = { ...item, recipients: [], endedAt: NOW, copyRemovedAt: NOW + DAY };
    for (const [sha256, store] of [
      [KEY.sha256, waitingItem(['chris@corp.example'])],
      ['ended', ended],
      ['on the server', { ...ended, onServer: true }],
      ['in Failed', { ...ended, copyRemovedAt: null }],
    ] as const) {
      await used.ledgers.messages.change({ ...KEY, sha256 }, () => ({ store, answer: null }));
    }
    await used.ledgers.settingsMemory.store({ domains: [] });
    const expiries = (await items()).map((item) => [item['sk']?.S, item['expiresAt']?.N]);
    expect(new Map(expiries as [string, string | undefined][])).toEqual(
      new Map([
        ['kept', undefined],
        ['gone', String((NOW + 30 * DAY) / 1000)],
        [KEY.sha256, undefined],
        ['ended', String((NOW + 31 * DAY) / 1000)],
        ['on the server', undefined],
        ['in Failed', undefined],
        ['last-good', undefined],
      ]),
    );
  });

  it('refuses for good a record that one item cannot hold, and keeps the one it has', async () => {
    const { messages } = used.ledgers;
    const item = waitingItem(['chris@corp.example']);
    await messages.change(KEY, () => ({ store: item, answer: null }));
    const grown = waitingItem([], {
      decision: decisionFor([], { warnings: ['x'.repeat(360_000)] }),
    });
    const changing = messages.change(KEY, () => ({ store: grown, answer: null }));
    await expect(changing).rejects.toMatchObject({ kind: 'ledger', permanence: 'permanent' });
    await expect(changing).rejects.toThrow(/at most 350000 octets.*got 36\d{4}$/);
    expect((await messages.find([KEY])).get(formatKey(KEY))).toEqual(item);
  });

  it('waits when a newer version has written what this one does not know', async () => {
    const { messages } = used.ledgers;
    const key = { pk: { S: 'message#sales' }, sk: { S: KEY.sha256 } };
    const r = { S: '{"a":1,"novelty":"a text that must not be quoted"}' };
    await client.send(
      new PutItemCommand({ TableName: used.table, Item: { ...key, version: { N: '7' }, r } }),
    );
    const changing = messages.change(KEY, (item) => ({ store: item, answer: null }));
    await expect(changing).rejects.toMatchObject({ kind: 'ledger', permanence: 'temporary' });
    await expect(changing).rejects.not.toThrow(/must not be quoted/);
    const left = await client.send(new GetItemCommand({ TableName: used.table, Key: key }));
    expect(left.Item?.['r']).toEqual(r);
  });

  it('remembers the last good configuration, and writes it only when it has changed', async () => {
    const { settingsMemory } = used.ledgers;
    expect(await settingsMemory.load()).toBeNull();
    const document = {
      recipients: Array.from({ length: 20_000 }, (_, at) => `a${at}@corp.example`),
    };
    await settingsMemory.store(document);
    const another = dynamoLedger({ client, table: used.table }).settingsMemory;
    expect(await another.load()).toEqual(document);

    const key = { pk: { S: 'settings' }, sk: { S: 'last-good' } };
    const { Item: item } = await client.send(
      new GetItemCommand({ TableName: used.table, Key: key }),
    );
    await client.send(
      new PutItemCommand({ TableName: used.table, Item: { ...item, mark: { S: 'untouched' } } }),
    );
    await another.store(document);
    expect((await items())[0]?.['mark']?.S).toBe('untouched');
    await another.store({ domains: [] });
    expect((await items())[0]?.['mark']).toBeUndefined();
    expect(await settingsMemory.load()).toEqual({ domains: [] });
  });

  it('says temporarily that the table is missing, by name and action', async () => {
    const { messages, mailboxes, uidls, duplicates, settingsMemory } = dynamoLedger({
      client,
      table: 'no-such-table',
    });
    const claim = { mailbox: 'sales', recipient: 'a@corp.example', duplicateKey: 'k' };
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => messages.find([KEY]),
      () => messages.change(KEY, () => ({ store: waitingItem([]), answer: null })),
      () => mailboxes.read('sales'),
      () => uidls.find(ACCOUNT, ['hash']),
      () => duplicates.claim([claim], KEY.sha256, { now: 1, expiresAt: 2 }),
      () => settingsMemory.load(),
    ];
    for (const begin of attempts) {
      const attempt = begin();
      await expect(attempt).rejects.toMatchObject({ kind: 'ledger', permanence: 'temporary' });
      await expect(attempt).rejects.toThrow(/no-such-table failed: ResourceNotFoundException/);
    }
  });
});

function realisticDecision(address: string) {
  const header = Buffer.from('Message-ID: <20261123.4711@mail.nwtraders.example>\r\n\r\n');
  const received = receivedField({
    from: 'pop.provider.example',
    by: 'connector.corp.example',
    tls: true,
    id: formatKey(KEY),
    recipient: address,
    at: NOW,
  });
  return decisionFor([address], {
    ignored: [{ address: 'bob@other.example', source: 'Cc', reason: 'domain not accepted' }],
    ignoredCount: 1,
    mailFrom: 'bounces+4711-christine=corp.example@newsletter.nwtraders.example',
    edits: {
      remove: ['Return-Path'],
      rename: { 'Delivered-To': 'X-Original-Delivered-To' },
      add: [received, makeMarker(header, KEY, Buffer.alloc(32, 1))],
    },
  });
}
