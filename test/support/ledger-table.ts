import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBClient, GlobalSecondaryIndex } from '@aws-sdk/client-dynamodb';

import { LEDGER_INDEXES } from '../../shared/ledger/dynamo-indexes.ts';
import type { LedgerIndex } from '../../shared/ledger/dynamo-indexes.ts';

/** A table as the stack makes it, as far as the ledger needs it. */
export async function createLedgerTable(client: DynamoDBClient, name: string): Promise<void> {
  const keys = LEDGER_INDEXES.flatMap(({ partition, sort = partition }) => [partition, sort]);
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: keySchema('pk', 'sk'),
      AttributeDefinitions: ['pk', 'sk', ...new Set(keys)].map((key) => ({
        AttributeName: key,
        AttributeType: 'S' as const,
      })),
      GlobalSecondaryIndexes: LEDGER_INDEXES.map(secondaryIndex),
    }),
  );
}

function secondaryIndex({ name, partition, sort, also }: LedgerIndex): GlobalSecondaryIndex {
  return {
    IndexName: name,
    KeySchema: keySchema(partition, sort),
    Projection:
      also.length === 0
        ? { ProjectionType: 'KEYS_ONLY' }
        : { ProjectionType: 'INCLUDE', NonKeyAttributes: [...also] },
  };
}

function keySchema(partition: string, sort?: string): GlobalSecondaryIndex['KeySchema'] {
  return [
    { AttributeName: partition, KeyType: 'HASH' },
    ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' as const }]),
  ];
}
