import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { dynamoLedger } from '../../../shared/ledger/dynamo-ledger.ts';
import { REMEMBER_MS } from '../../../shared/limits.ts';
import type { Settings } from '../../../shared/settings/settings.ts';
import { readEnvironment } from './config.ts';
import { SHORT_REQUEST } from './request-times.ts';

/**
 * @param settings say how long to remember; while they cannot be read, or where nothing is ever ended, the default
 * holds: what is written is worth more than the day of its end
 */
export function stageLedger(settings?: () => Promise<Settings>): ReturnType<typeof dynamoLedger> {
  const { table } = readEnvironment('table');
  return dynamoLedger({
    client: new DynamoDBClient({ requestHandler: SHORT_REQUEST }),
    table,
    rememberMs: async () => {
      try {
        return (await settings?.())?.general.limits.rememberMs ?? REMEMBER_MS;
      } catch {
        return REMEMBER_MS;
      }
    },
  });
}
