import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { dynamoLedger } from '../../../shared/ledger/dynamo-ledger.ts';
import { readEnvironment } from './config.ts';
import { SHORT_REQUEST } from './request-times.ts';

export function stageLedger(): ReturnType<typeof dynamoLedger> {
  const { table } = readEnvironment('table');
  return dynamoLedger({ client: new DynamoDBClient({ requestHandler: SHORT_REQUEST }), table });
}
