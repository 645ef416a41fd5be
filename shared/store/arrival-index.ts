import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import { formatKey } from '../mail/message-key.ts';
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
  /** How many writers of each key are between its metadata and its name, by `formatKey`. */
  readonly #creating = new Map<string, number>();

  constructor(db: Database) {
    this.#db = db;
    db.define(SCHEMA);
  }

  /**
   * Records the metadata while `create` writes the object, which gets its name only after `recorded`. Until `create`
   * is over, nobody's {@link forget} takes the entry away.
   */
  async whileCreating<Result>(
    key: MessageKey,
    metadata: ArrivalMetadata,
    create: (recorded: Promise<void>) => Promise<Result>,
  ): Promise<Result> {
    const name = formatKey(key);
    this.#creating.set(name, (this.#creating.get(name) ?? 0) + 1);
    const recorded = this.#record(key, metadata);
    // Awaited by `create`, which may fail before it comes to that.
    recorded.catch(() => undefined);
    try {
      return await create(recorded);
    } finally {
      const left = (this.#creating.get(name) ?? 1) - 1;
      if (left === 0) this.#creating.delete(name);
      else this.#creating.set(name, left);
    }
  }

  #record(key: MessageKey, metadata: ArrivalMetadata): Promise<void> {
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

  /**
   * @param isStored whether some area still has the message, or has it again: asked within the write, since the same
   * bytes may arrive while they are removed
   */
  forget(key: MessageKey, isStored: () => boolean): Promise<void> {
    return this.#db.write(() => {
      if (this.#creating.has(formatKey(key)) || isStored()) return;
      this.#db.run('DELETE FROM arrival WHERE mailbox = ? AND sha256 = ?', key.mailbox, key.sha256);
    });
  }
}
