import { DynamoTable } from './dynamo-table.ts';
import type { DynamoTableOptions } from './dynamo-table.ts';
import { partitionOf, recordOf } from './dynamo-uidls.ts';
import type { TakenMailSource } from './taken-mail.ts';

/**
 * What a run took, read from the account's UIDL records: they are written for each message before DELE (I1), and
 * bear the time. So following a run costs reads, when somebody follows it, and no write for each message
 * (docs/decisions/015).
 */
export function dynamoTakenMail(options: DynamoTableOptions): TakenMailSource {
  const table = new DynamoTable(options);
  return {
    takenIn: async (account, { startedAt, endedAt }) => {
      const pk = partitionOf(account);
      const taken: string[] = [];
      for await (const page of table.partition(pk)) {
        for (const item of page) {
          const { seenAt, state } = recordOf(table, pk, item);
          if (state.kind !== 'taken' || seenAt < startedAt || seenAt > endedAt) continue;
          taken.push(state.sha256);
        }
      }
      return taken;
    },
  };
}
