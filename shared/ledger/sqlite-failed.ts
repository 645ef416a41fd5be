import { CAUSE_WINDOW_MS } from '../limits.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type { Database, Row } from '../sqlite/database.ts';
import type { CauseRecord } from './cause-record.ts';
import type { ComparisonRecord } from './comparison-record.ts';
import type { CauseLedger, ComparisonLedger, FailedIndex, RetryLedger } from './failed-ledger.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS retry (
    mailbox TEXT NOT NULL, sha256 TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (mailbox, sha256)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS cause (
    cause TEXT PRIMARY KEY, since INTEGER NOT NULL, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS comparison (id INTEGER PRIMARY KEY CHECK (id = 1), record TEXT NOT NULL);
`;

/** Sparse: a message that never failed has none, and one whose copy was removed for good is looked for no more. */
const FAILED = `json_extract(item, '$.failure') IS NOT NULL AND json_extract(item, '$.copyRemovedAt') IS NULL`;
const FAILED_INDEX = `CREATE INDEX IF NOT EXISTS message_failed ON message (mailbox, sha256) WHERE ${FAILED}`;

export function sqliteRetries(db: Database): RetryLedger {
  db.define(SCHEMA);
  return {
    begin: ({ mailbox, sha256 }, at) =>
      db.write(() => {
        db.run('INSERT OR REPLACE INTO retry VALUES (?, ?, ?)', mailbox, sha256, at);
      }),
    end: ({ mailbox, sha256 }, at) =>
      db.write(() => {
        const ended = 'DELETE FROM retry WHERE mailbox = ? AND sha256 = ? AND at <= ?';
        db.run(ended, mailbox, sha256, at);
      }),
    underWay: () =>
      db.read(() =>
        db
          .all('SELECT mailbox, sha256, at FROM retry')
          .map((row) => ({ key: keyOf(row), at: Number(row['at']) })),
      ),
  };
}

export function sqliteCauses(db: Database): CauseLedger {
  db.define(SCHEMA);
  const recordIn = (text: unknown): CauseRecord | null =>
    // Rows are written by this file alone, so what is read back has the shape that was written.
    typeof text === 'string' ? (JSON.parse(text) as CauseRecord) : null;
  return {
    change: (cause, transition) =>
      db.write(() => {
        const row = db.get('SELECT record FROM cause WHERE cause = ?', cause);
        const { store, answer } = transition(recordIn(row?.['record']));
        if (store !== null) {
          const json = JSON.stringify(store);
          db.run('INSERT OR REPLACE INTO cause VALUES (?, ?, ?)', cause, store.since, json);
          forget(db, store.since);
        }
        return answer;
      }),
    all: () =>
      db.read(() => {
        const causes = new Map<string, CauseRecord>();
        for (const row of db.all('SELECT cause, record FROM cause')) {
          const record = recordIn(row['record']);
          if (record !== null) causes.set(String(row['cause']), record);
        }
        return causes;
      }),
  };
}

/** @param db in which the table `message` is defined already */
export function sqliteFailedIndex(db: Database): FailedIndex {
  db.define(FAILED_INDEX);
  return {
    all: async function* () {
      const select = `SELECT mailbox, sha256 FROM message WHERE ${FAILED}`;
      yield* await db.read(() => db.all(select).map(keyOf));
    },
  };
}

export function sqliteComparisons(db: Database): ComparisonLedger {
  db.define(SCHEMA);
  const read = (): ComparisonRecord | null => {
    const text = db.get('SELECT record FROM comparison')?.['record'];
    return typeof text === 'string' ? (JSON.parse(text) as ComparisonRecord) : null;
  };
  return {
    read: () => db.read(read),
    change: (transition) =>
      db.write(() => {
        const { store, answer } = transition(read());
        if (store !== null) {
          db.run('INSERT OR REPLACE INTO comparison VALUES (1, ?)', JSON.stringify(store));
        }
        return answer;
      }),
  };
}

function keyOf(row: Row): MessageKey {
  return { mailbox: String(row['mailbox']), sha256: String(row['sha256']) };
}

/** Windows that were over long before a newer one began, and are told: by then the sweep has passed many times. */
function forget(db: Database, since: number): void {
  db.run(
    `DELETE FROM cause WHERE since < ? AND json_extract(record, '$.telling') IS NULL
     AND json_extract(record, '$.further.count') = 0`,
    since - 10 * CAUSE_WINDOW_MS,
  );
}
