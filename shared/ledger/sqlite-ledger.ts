import { formatKey } from '../mail/message-key.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type { Database, Row } from '../sqlite/database.ts';
import type { DestinationRecord } from './destination-record.ts';
import { endPause } from './destination-transitions.ts';
import type {
  DestinationLedger,
  DuplicateClaim,
  DuplicateLedger,
  MailboxLedger,
  MessageLedger,
  Transition,
  UidlLedger,
} from './ledger.ts';
import { forgettableSince } from './forgetting.ts';
import { NO_MAILBOX_RECORD } from './mailbox-record.ts';
import type { CauseLedger, ComparisonLedger, FailedIndex, RetryLedger } from './failed-ledger.ts';
import type { MailboxRecord } from './mailbox-record.ts';
import type { MessageIndex } from './message-index.ts';
import type { MessageItem } from './message-item.ts';
import { forgetUidls, sqliteUidls } from './sqlite-uidls.ts';
import {
  sqliteCauses,
  sqliteComparisons,
  sqliteFailedIndex,
  sqliteRetries,
} from './sqlite-failed.ts';
import { sqliteMessageIndex, writeTerms } from './sqlite-message-index.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS mailbox (id TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS message (
    mailbox TEXT NOT NULL, sha256 TEXT NOT NULL, item TEXT NOT NULL, claimed INTEGER NOT NULL,
    PRIMARY KEY (mailbox, sha256)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS message_claimed ON message (claimed) WHERE claimed = 1;
  CREATE TABLE IF NOT EXISTS duplicate (
    mailbox TEXT NOT NULL, recipient TEXT NOT NULL, duplicate_key TEXT NOT NULL,
    owner TEXT NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (mailbox, recipient, duplicate_key)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS destination (id INTEGER PRIMARY KEY CHECK (id = 1), record TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS duplicate_expiry ON duplicate (expires_at);
`;

/** The ledger ports on one SQLite database. */
export interface SqliteLedger {
  readonly mailboxes: MailboxLedger;
  readonly messages: MessageLedger;
  readonly uidls: UidlLedger;
  readonly duplicates: DuplicateLedger;
  readonly destinations: DestinationLedger;
  readonly index: MessageIndex;
  readonly retries: RetryLedger;
  readonly causes: CauseLedger;
  readonly failed: FailedIndex;
  readonly comparisons: ComparisonLedger;
  /**
   * Frees what a dead owner held: leases, delivery claims, and the pause of a destination that was down. Only the one owner of the data folder may call it,
   * at its start.
   * @param inHand whose octets the dead owner was working on (`formatKey`): only for these does the start count as a
   * crash that the message may have caused; a process killed while it waited for a server says nothing of the message
   */
  releaseAll(inHand: ReadonlySet<string>): Promise<void>;
  /**
   * Drops what has been forgettable for so long (`forgettableSince`), UIDLs that left their listing as long ago, and
   * duplicate claims that have expired.
   */
  forget(now: number, rememberMs: number): Promise<void>;
}

export function sqliteLedger(db: Database): SqliteLedger {
  db.define(SCHEMA);
  addForgetting(db);
  return {
    mailboxes: mailboxLedger(db),
    messages: messageLedger(db),
    uidls: sqliteUidls(db),
    duplicates: duplicateLedger(db),
    destinations: destinationLedger(db),
    index: sqliteMessageIndex(db),
    retries: sqliteRetries(db),
    causes: sqliteCauses(db),
    failed: sqliteFailedIndex(db),
    comparisons: sqliteComparisons(db),
    releaseAll: (inHand) => releaseAll(db, inHand),
    forget: (now, rememberMs) => forget(db, now, rememberMs),
  };
}

/** The column is younger than the table. Items that were written without it are never forgotten. */
function addForgetting(db: Database): void {
  const columns = db.all("SELECT name FROM pragma_table_info('message')");
  if (!columns.some(({ name }) => name === 'forgettable_since')) {
    db.define('ALTER TABLE message ADD COLUMN forgettable_since INTEGER');
  }
  db.define(`CREATE INDEX IF NOT EXISTS message_forgettable ON message (forgettable_since)
    WHERE forgettable_since IS NOT NULL`);
}

function mailboxLedger(db: Database): MailboxLedger {
  const read = (id: string): MailboxRecord | null =>
    mailboxIn(db.get('SELECT record FROM mailbox WHERE id = ?', id));
  return {
    read: (id) => db.read(() => read(id)),
    change: (id, transition) =>
      db.write(() =>
        apply(transition, read(id), (record) => {
          db.run('INSERT OR REPLACE INTO mailbox VALUES (?, ?)', id, JSON.stringify(record));
        }),
      ),
  };
}

/** What is kept of one message; needs no more than a reader's access. Null: nothing. */
export function readItem(db: Database, { mailbox, sha256 }: MessageKey): MessageItem | null {
  const select = 'SELECT item FROM message WHERE mailbox = ? AND sha256 = ?';
  return itemIn(db.get(select, mailbox, sha256));
}

function messageLedger(db: Database): MessageLedger {
  const read = (key: MessageKey): MessageItem | null => readItem(db, key);
  return {
    find: (keys) =>
      db.read(() => {
        const found = new Map<string, MessageItem>();
        for (const key of keys) {
          const item = read(key);
          if (item !== null) found.set(formatKey(key), item);
        }
        return found;
      }),
    change: (key, transition) =>
      db.write(() => {
        const before = read(key);
        return apply(transition, before, (item) => {
          writeItem(db, key, item);
          if (before?.decidedAt !== item.decidedAt) writeTerms(db, key, item);
        });
      }),
  };
}

function duplicateLedger(db: Database): DuplicateLedger {
  const claimOne = (claim: DuplicateClaim, owner: string, expiresAt: number) => {
    const key = [claim.mailbox, claim.recipient, claim.duplicateKey] as const;
    const row = db.get(
      'SELECT owner FROM duplicate WHERE mailbox = ? AND recipient = ? AND duplicate_key = ?',
      ...key,
    );
    const holder = row?.['owner'];
    if (typeof holder === 'string' && holder !== owner) return holder;
    db.run('INSERT OR REPLACE INTO duplicate VALUES (?, ?, ?, ?, ?)', ...key, owner, expiresAt);
    return owner;
  };
  return {
    claim: (claims, owner, { now, expiresAt }) =>
      db.write(() => {
        // Else claims, one a recipient of every message, would stay for ever.
        db.run('DELETE FROM duplicate WHERE expires_at <= ?', now);
        return claims.map((claim) => claimOne(claim, owner, expiresAt));
      }),
  };
}

function destinationLedger(db: Database): DestinationLedger {
  const read = (): DestinationRecord | null =>
    stored(db.get('SELECT record FROM destination'), 'record') as DestinationRecord | null;
  return {
    read: () => db.read(read),
    change: (transition) =>
      db.write(() =>
        apply(transition, read(), (record) => {
          db.run('INSERT OR REPLACE INTO destination VALUES (1, ?)', JSON.stringify(record));
        }),
      ),
  };
}

function releaseAll(db: Database, inHand: ReadonlySet<string>): Promise<void> {
  return db.write(() => {
    for (const row of db.all('SELECT id, record FROM mailbox')) {
      const record = mailboxIn(row);
      if (record?.lease == null) continue;
      const json = JSON.stringify({ ...record, lease: null });
      db.run('UPDATE mailbox SET record = ? WHERE id = ?', json, row['id'] as string);
    }
    for (const row of db.all('SELECT mailbox, sha256, item FROM message WHERE claimed = 1')) {
      const item = itemIn(row);
      if (item === null) continue;
      const key = { mailbox: row['mailbox'] as string, sha256: row['sha256'] as string };
      const starts = inHand.has(formatKey(key)) ? item.starts : Math.max(0, item.starts - 1);
      writeItem(db, key, { ...item, claim: null, starts });
    }
    // Who starts the program anew may just have mended it: one message finds out at once.
    const destination = stored(db.get('SELECT record FROM destination'), 'record');
    if (destination === null) return;
    const released = endPause(destination as DestinationRecord);
    db.run('UPDATE destination SET record = ?', JSON.stringify(released));
  });
}

/**
 * What a run means to delete counts as gone before the server has confirmed it. So a mailbox whose last run did not
 * end well keeps everything: its mail may be there still, and come again when the provider is back after a year.
 */
function forget(db: Database, now: number, rememberMs: number): Promise<void> {
  return db.write(() => {
    const keeps = db.all('SELECT id, record FROM mailbox').flatMap((row) => {
      const { lease, lastStartedAt, lastEndedAt, maildrop } = mailboxIn(row) ?? NO_MAILBOX_RECORD;
      const isUnderWay = lease !== null || (lastStartedAt ?? 0) > (lastEndedAt ?? 0);
      return isUnderWay || maildrop?.listing === null ? [String(row['id'])] : [];
    });
    const before = now - rememberMs;
    db.run(
      `DELETE FROM message WHERE forgettable_since <= ?
         AND mailbox NOT IN (SELECT value FROM json_each(?))`,
      before,
      JSON.stringify(keeps),
    );
    forgetUidls(db, before, keeps);
    db.run('DELETE FROM duplicate WHERE expires_at <= ?', now);
  });
}

function writeItem(db: Database, key: MessageKey, item: MessageItem): void {
  db.run(
    `INSERT OR REPLACE INTO message (mailbox, sha256, item, claimed, forgettable_since)
     VALUES (?, ?, ?, ?, ?)`,
    key.mailbox,
    key.sha256,
    JSON.stringify(item),
    item.claim === null ? 0 : 1,
    forgettableSince(item),
  );
}

function apply<Record, Answer>(
  transition: Transition<Record, Answer>,
  record: Record | null,
  store: (record: Record) => void,
): Answer {
  const change = transition(record);
  if (change.store !== null) store(change.store);
  return change.answer;
}

function mailboxIn(row: Row | undefined): MailboxRecord | null {
  const record = stored(row, 'record') as MailboxRecord | null;
  return record === null ? null : { ...NO_MAILBOX_RECORD, ...record };
}

function itemIn(row: Row | undefined): MessageItem | null {
  const item = stored(row, 'item') as MessageItem | null;
  return item === null ? null : { ...YOUNGER_FIELDS, ...item };
}

/** An older version did not know these. */
const YOUNGER_FIELDS = {
  ...{ onServer: false, goneAt: null, copyRemovedAt: null },
  ...{ messageId: null, failure: null },
};

/** Rows are written by this file alone, so what is read back has the shape that was written. */
function stored(row: Row | undefined, column: string): unknown {
  const text = row?.[column];
  return typeof text === 'string' ? JSON.parse(text) : null;
}
