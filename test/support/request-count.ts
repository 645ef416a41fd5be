import type {
  BatchGetItemCommandInput,
  BatchWriteItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  QueryCommandInput,
} from '@aws-sdk/client-dynamodb';

import { ADDRESSES, DAY, DAY_INDEX, MESSAGE_ID } from '../../shared/ledger/dynamo-index-names.ts';
import { octetsOfItem, readUnitsOf, writeUnitsOf } from './item-size.ts';
import type { Item } from './item-size.ts';

type Handler<Args, Result> = (args: Args) => Promise<Result>;

/** A middleware of the SDK, as far as counting needs it. */
type CountingMiddleware = <Args extends { readonly input: object }, Result>(
  next: Handler<Args, Result>,
  context: { readonly commandName?: string },
) => Handler<Args, Result>;

/** Below the SDK's retries: a request that it repeats is billed each time. */
export const COUNTED_AT = { step: 'deserialize' } as const;

/** Counts what SDK clients really send, and computes DynamoDB's units. */
export class RequestCount {
  readonly #requests = new Map<string, number>();
  readonly #writeUnits = new Map<string, number>();
  readonly #readUnits = new Map<string, number>();
  #indexUnits = 0;
  /** What the secondary indexes hold of an item, by its key. */
  readonly #projected = new Map<string, string>();
  /** Octets of the largest form of an item so far, by its key. */
  readonly #largest = new Map<string, number>();

  /** By service and operation, `S3 PutObject`. */
  get requests(): ReadonlyMap<string, number> {
    return this.#requests;
  }

  /** By what `pk` starts with, which tells the kinds of record apart. */
  get writeUnits(): ReadonlyMap<string, number> {
    return this.#writeUnits;
  }

  /** Beside {@link writeUnits}: what the secondary indexes cost. */
  get indexWriteUnits(): number {
    return this.#indexUnits;
  }

  /** As {@link writeUnits}; all reads are taken for consistent ones, which cost twice what others do. */
  get readUnits(): ReadonlyMap<string, number> {
    return this.#readUnits;
  }

  /** An empty count of the same table: it knows what is in it. */
  next(): RequestCount {
    const next = new RequestCount();
    for (const [name, octets] of this.#largest) next.#largest.set(name, octets);
    for (const [name, text] of this.#projected) next.#projected.set(name, text);
    return next;
  }

  /** To be added at {@link COUNTED_AT}. @param service the first word of the names */
  middleware(service: string): CountingMiddleware {
    return (next, { commandName = 'unknown' }) =>
      (args) => {
        const operation = commandName.replace(/Command$/, '');
        add(this.#requests, `${service} ${operation}`, 1);
        for (const item of itemsWritten(operation, args.input)) this.#addWrite(item);
        for (const key of keysRead(operation, args.input)) this.#addRead(key);
        return next(args);
      };
  }

  /** The larger of the item before and after is what a write costs, and what one costs that its condition refuses. */
  #addWrite(item: Item): void {
    const name = nameOf(item);
    const octets = Math.max(this.#largest.get(name) ?? 0, octetsOfItem(item));
    this.#largest.set(name, octets);
    add(this.#writeUnits, kindOf(item), writeUnitsOf(octets));
    for (const [index, projected] of projections(item)) this.#addIndexWrite(name, index, projected);
  }

  /**
   * An index is written only when what it holds of an item changes. Developer Guide, "Provisioned throughput
   * considerations for global secondary indexes"; a changed key, which costs two, does not happen here.
   */
  #addIndexWrite(name: string, index: string, projected: Item): void {
    const text = JSON.stringify(projected);
    if (this.#projected.get(`${index} ${name}`) === text) return;
    this.#projected.set(`${index} ${name}`, text);
    this.#indexUnits += writeUnitsOf(octetsOfItem(projected));
  }

  #addRead(key: Item): void {
    add(this.#readUnits, kindOf(key), readUnitsOf(this.#largest.get(nameOf(key)) ?? 0));
  }
}

/** @throws Error on what costs units that nobody has computed here, lest it count as none */
function itemsWritten(operation: string, input: object): readonly Item[] {
  if (operation === 'PutItem') {
    const { Item: item = {} } = input as PutItemCommandInput;
    return [item];
  }
  if (operation === 'BatchWriteItem') {
    const { RequestItems: tables = {} } = input as BatchWriteItemCommandInput;
    return Object.values(tables).flatMap((writes) =>
      writes.map(({ PutRequest: put }) => {
        if (put?.Item === undefined) throw new Error('expected puts in a batch, got another write');
        return put.Item;
      }),
    );
  }
  if (/^(Update|Delete)Item$|^Scan$|^Transact|^(Batch)?Execute/.test(operation)) {
    throw new Error(`expected items to be put and got, alone or in batches; got ${operation}`);
  }
  return [];
}

function keysRead(operation: string, input: object): readonly Item[] {
  if (operation === 'Query') {
    // A partition, which is empty here when it is read: one unit.
    const { ExpressionAttributeValues: values = {} } = input as QueryCommandInput;
    return Object.values(values)
      .slice(0, 1)
      .map((pk) => ({ pk }));
  }
  if (operation === 'GetItem') {
    const { Key: key = {} } = input as GetItemCommandInput;
    return [key];
  }
  if (operation === 'BatchGetItem') {
    const { RequestItems: tables = {} } = input as BatchGetItemCommandInput;
    return Object.values(tables).flatMap(({ Keys: keys = [] }) => keys);
  }
  return [];
}

/** What each index holds of an item that has its key. */
function projections(item: Item): [string, Item][] {
  const { pk, sk, [MESSAGE_ID]: id, [DAY]: day, [ADDRESSES]: addresses } = item;
  if (pk === undefined || sk === undefined || !kindOf(item).startsWith('message')) return [];
  if (id === undefined || day === undefined || addresses === undefined) return [];
  return [[DAY_INDEX, { pk, sk, d: day, i: id, w: addresses }]];
}

function nameOf({ pk, sk }: Item): string {
  return JSON.stringify([pk?.S, sk?.S]);
}

function kindOf({ pk }: Item): string {
  return pk?.S?.split('#', 1)[0] ?? '';
}

function add(sums: Map<string, number>, name: string, count: number): void {
  sums.set(name, (sums.get(name) ?? 0) + count);
}
