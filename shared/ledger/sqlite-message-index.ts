import type { MessageKey } from '../mail/message-key.ts';
import type { Database, Row } from '../sqlite/database.ts';
import { indexedAddresses } from './message-index.ts';
import type { MessageIndex } from './message-index.ts';
import type { MessageItem } from './message-item.ts';

/** The terms go with the message, whoever deletes it. `INSERT OR REPLACE` of a message fires no such trigger. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS message_term (
    term TEXT NOT NULL, arrived_at INTEGER NOT NULL, mailbox TEXT NOT NULL, sha256 TEXT NOT NULL,
    PRIMARY KEY (term, arrived_at, mailbox, sha256)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS message_term_message ON message_term (mailbox, sha256);
  CREATE TRIGGER IF NOT EXISTS message_forgotten AFTER DELETE ON message BEGIN
    DELETE FROM message_term WHERE mailbox = OLD.mailbox AND sha256 = OLD.sha256;
  END;
`;

/** @param db in which the table `message` is defined already */
export function sqliteMessageIndex(db: Database): MessageIndex {
  db.define(SCHEMA);
  const byTerm = (term: string, { from, to }: { from: number; to: number }, limit: number) =>
    db.read(() =>
      db
        .all(
          'SELECT mailbox, sha256 FROM message_term WHERE term = ? AND arrived_at BETWEEN ? AND ? ORDER BY arrived_at DESC LIMIT ?',
          term,
          from,
          to,
          limit,
        )
        .map(keyOf),
    );
  return {
    byMessageId: (messageId) => byTerm(idTerm(messageId), ALWAYS, EVERY),
    byAddress: (address, arrived, limit) => byTerm(addressTerm(address), arrived, limit),
    byDigest: (start, mailboxes) =>
      db.read(() =>
        mailboxes.flatMap((mailbox) =>
          db
            .all(
              "SELECT mailbox, sha256 FROM message WHERE mailbox = ? AND sha256 >= ? AND sha256 < ? || 'g'",
              mailbox,
              start,
              start,
            )
            .map(keyOf),
        ),
      ),
  };
}

/** Within the write that stores the item; only where the decision is new, since terms follow from it. */
export function writeTerms(db: Database, key: MessageKey, item: MessageItem): void {
  const terms = indexedAddresses(item).map(addressTerm);
  if (item.messageId !== null) terms.push(idTerm(item.messageId));
  for (const term of terms) {
    db.run(
      'INSERT OR IGNORE INTO message_term VALUES (?, ?, ?, ?)',
      term,
      item.arrivedAt,
      key.mailbox,
      key.sha256,
    );
  }
}

const ALWAYS = { from: 0, to: Number.MAX_SAFE_INTEGER };
/** SQLite: no limit. */
const EVERY = -1;

function idTerm(messageId: string): string {
  return `id:${messageId}`;
}

function addressTerm(address: string): string {
  return `at:${address}`;
}

function keyOf(row: Row): MessageKey {
  return { mailbox: String(row['mailbox']), sha256: String(row['sha256']) };
}
