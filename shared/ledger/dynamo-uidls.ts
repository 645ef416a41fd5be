import { createHash } from 'node:crypto';

import { expiry } from './dynamo-records.ts';
import type { Attributes, DynamoTable } from './dynamo-table.ts';
import { attributesOf, recordIn } from './dynamo-uidl-form.ts';
import type { UidlLedger } from './ledger.ts';
import type { MaildropAccount, UidlRecord } from './uidl-record.ts';

/**
 * From so many on the account's whole partition is read. A key read by itself costs a whole read unit (4 KiB), a
 * partition is billed by its octets, some 15 records a unit, and comes 3,500 a request instead of 100: beyond one
 * BatchGetItem the partition is cheaper unless it holds 15 times what is asked for.
 */
const WHOLE_PARTITION_FROM = 101;

/** UIDLs in DynamoDB: one partition an account, one small item a UIDL. What has left the listing expires. */
export function dynamoUidls(table: DynamoTable, rememberMs: () => Promise<number>): UidlLedger {
  const byHash = (pk: string, items: readonly Attributes[]): Map<string, UidlRecord> =>
    new Map(items.map((item) => recordOf(table, pk, item)).map((one) => [one.uidlHash, one]));
  return {
    find: async (account, hashes) => {
      const pk = partitionOf(account);
      const asked = new Set(hashes);
      const items =
        asked.size < WHOLE_PARTITION_FROM
          ? await table.getAll([...asked].map((sk) => ({ pk, sk })))
          : await readPartition(table, pk, asked);
      return byHash(pk, items);
    },
    all: async (account) => {
      const pk = partitionOf(account);
      const records = new Map<string, UidlRecord>();
      for await (const page of table.partition(pk)) {
        for (const [hash, record] of byHash(pk, page)) records.set(hash, record);
      }
      return records;
    },
    record: async (account, records) => {
      const pk = partitionOf(account);
      const remembered = records.some(({ goneAt }) => goneAt !== null) ? await rememberMs() : 0;
      const expiryOf = ({ goneAt }: UidlRecord) => (goneAt === null ? null : goneAt + remembered);
      return table.putAll(
        records.map((record) => ({
          key: { pk, sk: record.uidlHash },
          attributes: { ...attributesOf(record), ...expiry(expiryOf(record)) },
        })),
      );
    },
  };
}

async function readPartition(
  table: DynamoTable,
  pk: string,
  asked: ReadonlySet<string>,
): Promise<readonly Attributes[]> {
  const found: Attributes[] = [];
  for await (const page of table.partition(pk)) {
    found.push(...page.filter((item) => asked.has(item['sk']?.S ?? '')));
    if (found.length === asked.size) break;
  }
  return found;
}

/**
 * User names have any octets and any length, a key 2,048 octets: so the account is hashed. JSON keeps its parts
 * apart; hosts are compared without case (RFC 4343).
 */
export function partitionOf({ mailbox, host, username }: MaildropAccount): string {
  const account = JSON.stringify([mailbox, host.toLowerCase(), username]);
  return `uidl#${createHash('sha256').update(account).digest('base64url')}`;
}

export function recordOf(table: DynamoTable, pk: string, item: Attributes): UidlRecord {
  const uidlHash = item['sk']?.S ?? '';
  const record = recordIn(uidlHash, item);
  if (record === null) throw table.faultIn({ pk, sk: uidlHash }, 'a UIDL record', 'another form');
  return record;
}
