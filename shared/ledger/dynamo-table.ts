import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import type {
  AttributeValue,
  DynamoDBClient,
  QueryCommandInput,
  WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { setTimeout as pause } from 'node:timers/promises';

import type { Random } from '../clock.ts';
import { Failure } from '../failure.ts';

/** The whole primary key: every kind of record lies in the one table, told apart by what `pk` starts with. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export type Attributes = Record<string, AttributeValue>;

export interface Condition {
  readonly expression: string;
  readonly values?: Attributes;
}

export type PutResult =
  | { readonly kind: 'written' }
  /** `found`: what stands there instead; null where the service did not say. */
  | { readonly kind: 'refused'; readonly found: Attributes | null };

export interface DynamoTableOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly random?: Random;
}

/** BatchGetItem takes 100 keys, BatchWriteItem 25 items. */
const KEYS_PER_READ = 100;
const ITEMS_PER_WRITE = 25;
/** Requests at once of one call: enough to hide the round trip, too few to be what throttles the table. */
const REQUESTS_AT_ONCE = 8;
/** Rounds for what a batch left unprocessed: with the pauses between them about two seconds. */
const BATCH_ROUNDS = 12;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 250;

/**
 * One DynamoDB table with string keys `pk` and `sk`. Reads are consistent: what decides whether mail is sent again
 * must not be a second old. Every fault is a temporary {@link Failure} `ledger`: a table that throttles, denies or is
 * missing makes mail wait, since giving it up would be the greater harm.
 */
export class DynamoTable {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #random: Random;

  constructor({ client, table, random = Math.random }: DynamoTableOptions) {
    this.#client = client;
    this.#table = table;
    this.#random = random;
  }

  async get(key: ItemKey): Promise<Attributes | null> {
    const command = new GetItemCommand({
      TableName: this.#table,
      Key: keyAttributes(key),
      ConsistentRead: true,
    });
    const { Item: item } = await this.#sent('reading an item', () => this.#client.send(command));
    return item ?? null;
  }

  async put(key: ItemKey, attributes: Attributes, condition?: Condition): Promise<PutResult> {
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: { ...attributes, ...keyAttributes(key) },
      ...(condition && {
        ConditionExpression: condition.expression,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
      }),
      ...(condition?.values && { ExpressionAttributeValues: condition.values }),
    });
    return this.#sent('writing an item', async () => {
      try {
        await this.#client.send(command);
        return { kind: 'written' };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return { kind: 'refused', found: error.Item ?? null };
      }
    });
  }

  /** The items that exist, in no order; each key at most once. */
  async getAll(keys: readonly ItemKey[]): Promise<readonly Attributes[]> {
    const found: Attributes[] = [];
    await inParallel(batches(keys, KEYS_PER_READ), async (batch) => {
      let left: Attributes[] = batch.map(keyAttributes);
      for (let round = 0; left.length > 0; round += 1) {
        await this.#pauseBeforeRound(round, `reading ${batch.length} items`, left.length);
        const request = { [this.#table]: { Keys: left, ConsistentRead: true } };
        const answer = await this.#sent('reading items', () =>
          this.#client.send(new BatchGetItemCommand({ RequestItems: request })),
        );
        found.push(...(answer.Responses?.[this.#table] ?? []));
        left = answer.UnprocessedKeys?.[this.#table]?.Keys ?? [];
      }
    });
    return found;
  }

  /** All durable when it resolves; where a key stands twice, the last one counts. */
  async putAll(items: readonly { key: ItemKey; attributes: Attributes }[]): Promise<void> {
    const byKey = new Map(items.map((item) => [JSON.stringify([item.key.pk, item.key.sk]), item]));
    await inParallel(batches([...byKey.values()], ITEMS_PER_WRITE), async (batch) => {
      let left: WriteRequest[] = batch.map(({ key, attributes }) => ({
        PutRequest: { Item: { ...attributes, ...keyAttributes(key) } },
      }));
      for (let round = 0; left.length > 0; round += 1) {
        await this.#pauseBeforeRound(round, `writing ${batch.length} items`, left.length);
        const answer = await this.#sent('writing items', () =>
          this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.#table]: left } })),
        );
        left = answer.UnprocessedItems?.[this.#table] ?? [];
      }
    });
  }

  /** All items of a partition, page by page (1 MB each). */
  partition(pk: string): AsyncGenerator<readonly Attributes[]> {
    return this.#query({
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: pk } },
      ConsistentRead: true,
    });
  }

  /** The keys of a partition whose `sk` starts so. */
  startingWith(pk: string, start: string): AsyncGenerator<readonly Attributes[]> {
    return this.#query({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :start)',
      ExpressionAttributeValues: { ':pk': { S: pk }, ':start': { S: start } },
      ProjectionExpression: 'pk, sk',
      ConsistentRead: true,
    });
  }

  /**
   * What a secondary index has under one key. What was written a moment ago may be missing, as with every global
   * index.
   * @param key its partition key, and its sort key where it has one that matters
   */
  indexed(
    index: string,
    key: Readonly<Record<string, string>>,
  ): AsyncGenerator<readonly Attributes[]> {
    const parts = Object.entries(key);
    return this.#query({
      IndexName: index,
      KeyConditionExpression: parts.map((_, at) => `#key${at} = :value${at}`).join(' AND '),
      ExpressionAttributeNames: Object.fromEntries(parts.map(([name], at) => [`#key${at}`, name])),
      ExpressionAttributeValues: Object.fromEntries(
        parts.map(([, value], at) => [`:value${at}`, { S: value }]),
      ),
    });
  }

  async *#query(
    query: Omit<QueryCommandInput, 'TableName' | 'ExclusiveStartKey'>,
  ): AsyncGenerator<readonly Attributes[]> {
    let start: Attributes | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        ...query,
        ...(start && { ExclusiveStartKey: start }),
      });
      const page = await this.#sent('reading a partition', () => this.#client.send(command));
      yield page.Items ?? [];
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }

  /** Grows with the rounds and is spread by chance, so that those who met once do not meet again. */
  async pause(round: number): Promise<void> {
    await pause(this.#random() * Math.min(FIRST_PAUSE_MS * 2 ** round, LONGEST_PAUSE_MS));
  }

  /** @param expected what should stand there; @param got never a value that may be mail content */
  faultIn(key: ItemKey, expected: string, got: string): Failure {
    return temporary(
      `expected ${expected} in item ${key.pk} ${key.sk} of table ${this.#table}, got ${got}`,
    );
  }

  async #pauseBeforeRound(round: number, action: string, left: number): Promise<void> {
    if (round === 0) return;
    if (round >= BATCH_ROUNDS) {
      throw temporary(
        `${action} of table ${this.#table}: expected all to be processed, got ${left} left over in each of ${BATCH_ROUNDS} rounds (throttled)`,
      );
    }
    await this.pause(round);
  }

  async #sent<Answer>(action: string, send: () => Promise<Answer>): Promise<Answer> {
    try {
      return await send();
    } catch (error) {
      const got = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      // Not as its cause: the SDK's errors carry the request, with the session token in its header.
      throw temporary(`${action} of table ${this.#table} failed: ${got}`);
    }
  }
}

/** Runs `work` on each, some at once; rejects with the first fault, and begins nothing more after it. */
export async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const item of rest) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(REQUESTS_AT_ONCE, items.length) }, worker));
}

function batches<Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function keyAttributes({ pk, sk }: ItemKey): Attributes {
  return { pk: { S: pk }, sk: { S: sk } };
}

function temporary(message: string): Failure {
  return new Failure('ledger', 'temporary', message);
}
