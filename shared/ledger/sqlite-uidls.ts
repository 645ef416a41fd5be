import type { Database, Row } from '../sqlite/database.ts';
import type { UidlLedger } from './ledger.ts';
import type { MaildropAccount, UidlRecord } from './uidl-record.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS uidl (
    account TEXT NOT NULL, uidl_hash TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (account, uidl_hash)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS uidl_gone ON uidl (json_extract(record, '$.goneAt'))
    WHERE json_extract(record, '$.goneAt') IS NOT NULL;
`;

/** UIDLs in SQLite: one row a UIDL. */
export function sqliteUidls(db: Database): UidlLedger {
  db.define(SCHEMA);
  return {
    find: (account, hashes) =>
      db.read(() => {
        const id = accountId(account);
        const select = 'SELECT record FROM uidl WHERE account = ? AND uidl_hash = ?';
        const rows = hashes.map((hash) => db.get(select, id, hash));
        return byHash(rows.filter((row) => row !== undefined));
      }),
    all: (account) =>
      db.read(() => {
        const records = new Map<string, UidlRecord>();
        const take = (row: Row): void => {
          const record = recordOf(row);
          records.set(record.uidlHash, record);
        };
        db.each('SELECT record FROM uidl WHERE account = ?', take, accountId(account));
        return records;
      }),
    record: (account, records) =>
      db.write(() => {
        const id = accountId(account);
        for (const record of records) {
          const json = JSON.stringify(record);
          db.run('INSERT OR REPLACE INTO uidl VALUES (?, ?, ?)', id, record.uidlHash, json);
        }
      }),
  };
}

/**
 * Drops what left its listing before that time; within {@link Database.write}.
 * @param keeps ids of mailboxes whose records stay: nobody knows what their last run deleted
 */
export function forgetUidls(db: Database, before: number, keeps: readonly string[]): number {
  return db.run(
    `DELETE FROM uidl
     WHERE json_extract(record, '$.goneAt') IS NOT NULL AND json_extract(record, '$.goneAt') <= ?
       AND json_extract(account, '$[0]') NOT IN (SELECT value FROM json_each(?))`,
    before,
    JSON.stringify(keeps),
  );
}

function byHash(rows: readonly Row[]): Map<string, UidlRecord> {
  return new Map(rows.map(recordOf).map((record) => [record.uidlHash, record]));
}

/** What an older version wrote: known by its bytes, with a DELE in no session that it named. */
interface OlderRecord {
  readonly uidlHash: string;
  readonly sha256: string;
  readonly size: number;
  readonly headerDigest: string;
  readonly deleSent: boolean;
  readonly seenAt: number;
}

/** Rows are written by this file alone, so what is read back has a shape that was written. */
function recordOf(row: Row): UidlRecord {
  const stored = JSON.parse(String(row['record'])) as UidlRecord | OlderRecord;
  if ('state' in stored) return stored;
  const { uidlHash, sha256, size, headerDigest, deleSent, seenAt } = stored;
  return {
    uidlHash,
    size,
    headerDigest,
    state: { kind: 'taken', sha256, deleIn: deleSent ? 0 : null, shared: false },
    firstSeenAt: seenAt,
    seenAt,
    goneAt: deleSent ? seenAt : null,
    trouble: null,
  };
}

/** JSON keeps the three parts apart whatever octets they hold. */
function accountId(account: MaildropAccount): string {
  return JSON.stringify([account.mailbox, account.host.toLowerCase(), account.username]);
}
