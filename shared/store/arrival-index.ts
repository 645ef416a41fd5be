import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import type { MessageKey } from '../mail/message-key.ts';
import type { Database } from '../sqlite/database.ts';
import type { ArrivalMetadata } from './mail-store.ts';
import { measureMessage } from './measure.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS arrival (
    mailbox TEXT NOT NULL, sha256 TEXT NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (mailbox, sha256)) WITHOUT ROWID;
`;

/**
 * What S3 keeps as an object's metadata: beside the files, in the database, since a second small file a message
 * would double the syncs. A file whose entry is missing (a folder restored from a backup) is measured again.
 */
export class ArrivalIndex {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
    db.define(SCHEMA);
  }

  record(key: MessageKey, metadata: ArrivalMetadata): Promise<void> {
    return this.#db.write(() => {
      // The first arrival stays: the same bytes came again while they lie here.
      this.#db.run(
        'INSERT INTO arrival VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
        key.mailbox,
        key.sha256,
        JSON.stringify(metadata),
      );
    });
  }

  async find(key: MessageKey, path: string): Promise<ArrivalMetadata> {
    const row = this.#db.get(
      'SELECT metadata FROM arrival WHERE mailbox = ? AND sha256 = ?',
      key.mailbox,
      key.sha256,
    );
    const text = row?.['metadata'];
    if (typeof text === 'string') return JSON.parse(text) as ArrivalMetadata;
    const measured = await measureMessage(createReadStream(path));
    const { mtimeMs } = await stat(path);
    return { ...measured, uidlHash: null, arrivedAt: Math.trunc(mtimeMs), recipient: null };
  }

  forget(key: MessageKey): Promise<void> {
    return this.#db.write(() => {
      this.#db.run('DELETE FROM arrival WHERE mailbox = ? AND sha256 = ?', key.mailbox, key.sha256);
    });
  }
}
