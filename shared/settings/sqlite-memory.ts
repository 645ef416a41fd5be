import type { Database } from '../sqlite/database.ts';
import type { SettingsMemory } from './settings.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS settings_memory (
    only INTEGER PRIMARY KEY CHECK (only = 1), document TEXT NOT NULL);
`;

/** The last good configuration in the embedded database. */
export function sqliteSettingsMemory(db: Database): SettingsMemory {
  db.define(SCHEMA);
  return {
    load() {
      const text = db.get('SELECT document FROM settings_memory')?.['document'];
      return Promise.resolve(typeof text === 'string' ? (JSON.parse(text) as unknown) : null);
    },
    store: (document) =>
      db.write(() => {
        const json = JSON.stringify(document);
        db.run('INSERT OR REPLACE INTO settings_memory VALUES (1, ?)', json);
      }),
  };
}
