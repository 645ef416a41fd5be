import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Failure } from '../../shared/failure.ts';
import { Database } from '../../shared/sqlite/database.ts';

const TEMPORARY = { name: 'Failure', kind: 'ledger', permanence: 'temporary' };

let folder = '';
let db: Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mailferry-database-'));
  db = new Database(fileIn(folder));
  db.define('CREATE TABLE word (text TEXT NOT NULL UNIQUE)');
});

afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

function fileIn(path: string): string {
  return join(path, 'mailferry.sqlite');
}

function put(text: string): void {
  db.run('INSERT INTO word VALUES (?)', text);
}

/** As another process sees it: what is committed, and nothing else. */
function wordsOnDisk(): unknown[] {
  const other = new DatabaseSync(fileIn(folder), { readOnly: true });
  const rows = other.prepare('SELECT text FROM word ORDER BY rowid').all();
  other.close();
  return rows.map((row) => row['text']);
}

/** Commits in the write-ahead log: frames that name the database's size (sqlite.org/fileformat2.html, section 4.1). */
function commitsInLog(): number {
  const log = readFileSync(`${fileIn(folder)}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at < log.length; at += frame) if (log.readUInt32BE(at + 4) > 0) commits += 1;
  return commits;
}

describe('settings', () => {
  it('logs ahead, and has SQLite sync what it must before it overwrites', () => {
    expect(db.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    const NORMAL = 1;
    expect(db.get('PRAGMA synchronous')).toEqual({ synchronous: NORMAL });
  });

  it('says that it may pass when the file cannot be opened', () => {
    expect(() => new Database(join(folder, 'missing', 'x.sqlite'))).toThrow(Failure);
    expect(() => new Database(join(folder, 'missing', 'x.sqlite'))).toThrow(/unable to open/);
  });
});

describe('write', () => {
  it('has committed when it resolves, and gives what the work gave', async () => {
    const answer = await db.write(() => {
      put('one');
      return 42;
    });
    expect(answer).toBe(42);
    expect(wordsOnDisk()).toEqual(['one']);
  });

  it('shows nothing before it is committed', async () => {
    const writing = db.write(() => {
      put('one');
    });
    expect(wordsOnDisk()).toEqual([]);
    await writing;
    expect(wordsOnDisk()).toEqual(['one']);
  });

  it('commits the writes of one turn together, in their order', async () => {
    const order: number[] = [];
    const before = commitsInLog();
    await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        db.write(() => {
          order.push(at);
          put(`${at}`);
        }),
      ),
    );
    expect(commitsInLog() - before).toBe(1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(wordsOnDisk()).toHaveLength(50);
  });

  it('commits the writes of two turns apart', async () => {
    const before = commitsInLog();
    await db.write(() => {
      put('one');
    });
    await db.write(() => {
      put('two');
    });
    expect(commitsInLog() - before).toBe(2);
  });

  it('sees what the write before it did, in the same transaction', async () => {
    const [, seen] = await Promise.all([
      db.write(() => {
        put('one');
      }),
      db.write(() => db.all('SELECT text FROM word')),
    ]);
    expect(seen).toEqual([{ text: 'one' }]);
  });

  it('takes nobody else along when one throws, and undoes all that this one did', async () => {
    const fault = new Error('a transition threw');
    const results = await Promise.allSettled([
      db.write(() => {
        put('before');
      }),
      db.write(() => {
        put('half');
        throw fault;
      }),
      db.write(() => {
        put('after');
      }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: fault });
    expect(wordsOnDisk()).toEqual(['before', 'after']);
  });

  it('calls what SQLite refuses a failure that may pass', async () => {
    const results = await Promise.allSettled([
      db.write(() => {
        put('same');
      }),
      db.write(() => {
        put('half');
        put('same');
      }),
    ]);
    expect(results).toMatchObject([{ status: 'fulfilled' }, { reason: TEMPORARY }]);
    expect(wordsOnDisk()).toEqual(['same']);
  });

  it('may be asked for by the work itself', async () => {
    await db.write(() => {
      put('outer');
      void db.write(() => {
        put('inner');
      });
    });
    await db.write(() => undefined);
    expect(wordsOnDisk()).toEqual(['outer', 'inner']);
  });
});

describe('a full disk', () => {
  const fill = () =>
    db.write(() => {
      put('half');
      put('x'.repeat(200_000));
    });

  beforeEach(() => {
    // Stands for the disk: SQLite answers both with SQLITE_FULL, which ends the whole transaction.
    db.define('PRAGMA max_page_count = 20');
  });

  it('is a failure that may pass, says what it is, and leaves nothing half-written', async () => {
    await expect(fill()).rejects.toMatchObject(TEMPORARY);
    await expect(fill()).rejects.toThrow(/database or disk is full/);
    expect(wordsOnDisk()).toEqual([]);
  });

  it('acknowledges nobody whose work went with the transaction', async () => {
    const small = (text: string) =>
      db.write(() => {
        put(text);
      });
    const results = await Promise.allSettled([small('before'), fill(), small('after')]);
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: TEMPORARY });
    }
    expect(wordsOnDisk()).toEqual([]);
  });

  it('passes when there is room again', async () => {
    await expect(fill()).rejects.toMatchObject(TEMPORARY);
    db.define('PRAGMA max_page_count = 1000');
    await fill();
    expect(wordsOnDisk()).toHaveLength(2);
  });
});

describe('close', () => {
  it('commits what waits', async () => {
    const writing = db.write(() => {
      put('waiting');
    });
    db.close();
    await writing;
    expect(wordsOnDisk()).toEqual(['waiting']);
  });

  it('may be called twice', () => {
    db.close();
    expect(() => {
      db.close();
    }).not.toThrow();
  });

  it('makes every later call a failure that may pass, never an uncaught error', async () => {
    db.close();
    await expect(db.write(() => 1)).rejects.toMatchObject(TEMPORARY);
    await expect(db.read(() => db.get('SELECT 1'))).rejects.toMatchObject(TEMPORARY);
    expect(() => db.all('SELECT 1')).toThrow(Failure);
    expect(() => {
      put('late');
    }).toThrow(Failure);
  });
});

describe('a reader', () => {
  it('sees what the owner has committed, while he has it open and afterwards, and changes nothing', async () => {
    await db.write(() => {
      put('one');
    });
    const reader = new Database(fileIn(folder), 'reader');
    expect(reader.all('SELECT text FROM word')).toEqual([{ text: 'one' }]);
    expect(() => reader.run("INSERT INTO word VALUES ('two')")).toThrow(
      expect.objectContaining(TEMPORARY) as Error,
    );
    reader.close();
    db.close();
    const later = new Database(fileIn(folder), 'reader');
    expect(later.all('SELECT text FROM word')).toEqual([{ text: 'one' }]);
    later.close();
  });

  it('makes no database where there is none', () => {
    expect(() => new Database(fileIn(join(folder, 'none')), 'reader')).toThrow(Failure);
  });
});

describe('a file that is no database', () => {
  it('is named, and where its mending is described', () => {
    const file = join(folder, 'damaged.sqlite');
    writeFileSync(file, 'this was a database once, and is none any more. '.repeat(10));
    expect(() => new Database(file)).toThrow(
      `the database ${file} could not be read or written: file is not a database; see "The database is damaged" in docs/runbook.md`,
    );
    const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
    expect(runbook).toContain('\n## The database is damaged\n');
  });
});

/** Somebody with a shell of SQLite's: takes the lock for writing, says so, and gives it back a moment later. */
const LOCKING = `
  const { workerData, parentPort } = require('node:worker_threads');
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(workerData);
  db.exec('BEGIN IMMEDIATE');
  parentPort.postMessage('locked');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  db.exec('COMMIT');
  db.close();
`;

describe('a lock that somebody else holds for a moment', () => {
  it('is waited for', async () => {
    const other = new Worker(LOCKING, { eval: true, workerData: fileIn(folder) });
    const ended = once(other, 'exit');
    await once(other, 'message');
    await db.write(() => {
      put('one');
    });
    await ended;
    expect(wordsOnDisk()).toEqual(['one']);
  });
});
