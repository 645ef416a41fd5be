import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import {
  ADDRESSES,
  DAY,
  DAY_INDEX,
  FAILED,
  FAILED_INDEX,
  MESSAGE_ID,
} from '../../shared/ledger/dynamo-index-names.ts';

/** A table as the stack makes it, as far as the ledger needs it. */
export async function createLedgerTable(client: DynamoDBClient, name: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: MESSAGE_ID, AttributeType: 'S' },
        { AttributeName: DAY, AttributeType: 'S' },
        { AttributeName: FAILED, AttributeType: 'S' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: DAY_INDEX,
          KeySchema: [
            { AttributeName: DAY, KeyType: 'HASH' },
            { AttributeName: MESSAGE_ID, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [ADDRESSES] },
        },
        {
          IndexName: FAILED_INDEX,
          KeySchema: [{ AttributeName: FAILED, KeyType: 'HASH' }],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  );
}
