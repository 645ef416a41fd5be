import type { RequestCount } from '../../support/request-count.ts';
import type { PriceName, Usage } from './price-table.ts';

/** What each operation is billed as. DynamoDB is billed by units, which {@link RequestCount} computes. */
const OPERATIONS: Readonly<Record<string, PriceName>> = {
  'S3 PutObject': 's3Write',
  'S3 ListObjectsV2': 's3Write',
  'S3 CopyObject': 's3Write',
  'S3 GetObject': 's3Read',
  'S3 HeadObject': 's3Read',
  'S3 DeleteObject': 's3Delete',
};

/**
 * What the recorded requests are billed as.
 * @throws Error on an operation that has no price here, lest it count as none
 */
export function usageOf(count: RequestCount): Usage {
  const usage: Partial<Record<PriceName, number>> = {};
  const add = (name: PriceName, units: number): void => {
    usage[name] = (usage[name] ?? 0) + units;
  };
  for (const [operation, requests] of count.requests) {
    if (!operation.startsWith('DynamoDB ')) add(priceOf(operation), requests);
  }
  for (const units of count.writeUnits.values()) add('dynamoWrite', units);
  for (const units of count.readUnits.values()) add('dynamoRead', units);
  add('dynamoWrite', count.indexWriteUnits);
  return usage;
}

function priceOf(operation: string): PriceName {
  if (operation.startsWith('SQS ')) return 'sqs';
  if (operation.startsWith('SSM ')) return 'ssm';
  const name = OPERATIONS[operation];
  if (name === undefined) throw new Error(`expected an operation with a price, got ${operation}`);
  return name;
}
