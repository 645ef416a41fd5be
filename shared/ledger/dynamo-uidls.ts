import { createHash } from 'node:crypto';

import type { Attributes, DynamoTable } from './dynamo-table.ts';
import type { MaildropAccount, UidlLedger, UidlRecord } from './ledger.ts';

/**
 * From so many on the account's whole partition is read. A key read by itself costs a whole read unit (4 KiB), a
 * partition is billed by its octets, some 15 records a unit, and comes 3,500 a request instead of 100: beyond one
 * BatchGetItem the partition is cheaper unless it holds 15 times what is asked for.
 */
const WHOLE_PARTITION_FROM = 101;

/** What was deleted on the server is forgotten after this; a listing that shows it again is retrieved anyway. */
const DELETED_KEPT_MS = 30 * 24 * 3_600_000;

/** UIDLs in DynamoDB: one partition an account, one small item a UIDL. */
export function dynamoUidls(table: DynamoTable): UidlLedger {
  return {
    find: async (account, hashes) => {
      const pk = partitionOf(account);
      const asked = new Set(hashes);
      const items =
        asked.size < WHOLE_PARTITION_FROM
          ? await table.getAll([...asked].map((sk) => ({ pk, sk })))
          : await readPartition(table, pk, asked);
      return new Map(
        items.map((item) => recordOf(table, pk, item)).map((one) => [one.uidlHash, one]),
      );
    },
    record: (account, records) => {
      const pk = partitionOf(account);
      return table.putAll(
        records.map((record) => ({
          key: { pk, sk: record.uidlHash },
          attributes: attributesOf(record),
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

function attributesOf(record: UidlRecord): Attributes {
  const attributes: Attributes = {
    s: { S: record.sha256 },
    z: { N: String(record.size) },
    h: { S: record.headerDigest },
    t: { N: String(record.seenAt) },
  };
  if (!record.deleSent) return attributes;
  const expiresAt = Math.ceil((record.seenAt + DELETED_KEPT_MS) / 1000);
  return { ...attributes, x: { BOOL: true }, expiresAt: { N: String(expiresAt) } };
}

export function recordOf(table: DynamoTable, pk: string, item: Attributes): UidlRecord {
  const uidlHash = item['sk']?.S ?? '';
  const sha256 = item['s']?.S;
  const headerDigest = item['h']?.S;
  const size = Number(item['z']?.N);
  const seenAt = Number(item['t']?.N);
  if (sha256 === undefined || headerDigest === undefined || !Number.isFinite(size + seenAt)) {
    throw table.faultIn({ pk, sk: uidlHash }, 'a UIDL record', 'another form');
  }
  return { uidlHash, sha256, size, headerDigest, deleSent: item['x']?.BOOL === true, seenAt };
}
