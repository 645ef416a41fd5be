import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import { tellDestination } from '../../shared/ledger/destination-transitions.ts';
import { claimDelivery } from '../../shared/ledger/message-transitions.ts';
import { sqliteLedger } from '../../shared/ledger/sqlite-ledger.ts';
import type { SqliteLedger } from '../../shared/ledger/sqlite-ledger.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import { Database } from '../../shared/sqlite/database.ts';
import { destinationLedgerContract } from '../contract/destination-ledger.ts';
import { duplicateLedgerContract } from '../contract/duplicate-ledger.ts';
import {
  causeLedgerContract,
  comparisonLedgerContract,
  failedIndexContract,
  retryLedgerContract,
} from '../contract/failed-ledger.ts';
import { mailboxLedgerContract } from '../contract/mailbox-ledger.ts';
import { messageIndexContract } from '../contract/message-index.ts';
import { messageLedgerContract } from '../contract/message-ledger.ts';
import { uidlLedgerContract } from '../contract/uidl-ledger.ts';
import { asPromised } from '../support/as-promised.ts';
import { waitingItem } from '../support/message-items.ts';
import { sha256Of } from '../support/spooled-message.ts';
import { takenState, uidlRecord } from '../support/uidl-records.ts';

const KEY = { mailbox: 'sales', sha256: sha256Of(Buffer.from('message')) };

interface OpenLedger {
  readonly database: Database;
  readonly ledgers: SqliteLedger;
  readonly close: () => void;
}

function openLedger(): OpenLedger {
  const folder = mkdtempSync(join(tmpdir(), 'mailferry-ledger-'));
  const database = new Database(join(folder, 'mailferry.sqlite'));
  const close = () => {
    database.close();
    rmSync(folder, { recursive: true });
  };
  return { database, ledgers: sqliteLedger(database), close };
}

/** One of the four ports, as its contract wants it. */
function only<Ledger>(pick: (ledgers: SqliteLedger) => Ledger) {
  return () => {
    const { ledgers, close } = openLedger();
    return Promise.resolve({ ledger: pick(ledgers), close: asPromised(close) });
  };
}

messageLedgerContract(
  'the SQLite ledger',
  only(({ messages }) => messages),
);
mailboxLedgerContract(
  'the SQLite ledger',
  only(({ mailboxes }) => mailboxes),
);
uidlLedgerContract(
  'the SQLite ledger',
  only(({ uidls }) => uidls),
);
messageIndexContract(
  'the SQLite ledger',
  only((ledgers) => ledgers),
);
retryLedgerContract(
  'the SQLite ledger',
  only(({ retries }) => retries),
);
causeLedgerContract(
  'the SQLite ledger',
  only(({ causes }) => causes),
);
failedIndexContract(
  'the SQLite ledger',
  only((ledgers) => ledgers),
);
comparisonLedgerContract(
  'the SQLite ledger',
  only(({ comparisons }) => comparisons),
);
duplicateLedgerContract(
  'the SQLite ledger',
  only(({ duplicates }) => duplicates),
);

destinationLedgerContract(
  'the SQLite ledger',
  only(({ destinations }) => destinations),
);

describe('the SQLite ledger', () => {
  let used: OpenLedger;
  beforeEach(() => {
    used = openLedger();
  });
  afterEach(() => {
    used.close();
  });

  it('frees the leases and delivery claims of a dead owner, and touches nothing else', async () => {
    const { messages, mailboxes } = used.ledgers;
    const idle = { ...KEY, sha256: sha256Of(Buffer.from('idle')) };
    await messages.change(KEY, () => ({ store: waitingItem(['a@corp.example']), answer: null }));
    await messages.change(idle, () => ({ store: waitingItem([]), answer: null }));
    await messages.change(KEY, claimDelivery({ token: 'dead', until: 9_000, now: 1_000 }));
    const record = { ...NO_MAILBOX_RECORD, lastStartedAt: 7, requestedAt: 8 };
    const leased = { ...record, lease: { owner: 'dead', until: 9_000 } };
    await mailboxes.change('sales', () => ({ store: leased, answer: null }));

    await used.ledgers.releaseAll(new Set([formatKey(KEY)]));

    const items = await messages.find([KEY, idle]);
    // The start stays counted: a message that takes the process down must not do so for ever.
    expect(items.get(formatKey(KEY))).toEqual(waitingItem(['a@corp.example'], { starts: 1 }));
    expect(items.get(formatKey(idle))).toEqual(waitingItem([]));
    expect(await mailboxes.read('sales')).toEqual(record);
  });

  it('ends the pause of a destination that was down for a dead owner', async () => {
    const { destinations } = used.ledgers;
    await used.ledgers.releaseAll(new Set());
    expect(await destinations.read()).toBeNull();
    const here = { identity: 'smtp here', host: 'here' };
    const told = { ...here, token: 'dead', sign: 'down', fault: 'no', now: 5 } as const;
    for (let tries = 0; tries < 3; tries += 1) await destinations.change(tellDestination(told));
    await used.ledgers.releaseAll(new Set());
    const record = await destinations.read();
    expect(record).toMatchObject({ ...here, failures: 3, downSince: 5, openUntil: 0, probe: null });
  });

  it('takes back the start of a message that the dead owner did not have in hand', async () => {
    const { messages } = used.ledgers;
    await messages.change(KEY, () => ({ store: waitingItem(['a@corp.example']), answer: null }));
    await messages.change(KEY, claimDelivery({ token: 'dead', until: 9_000, now: 1_000 }));
    await used.ledgers.releaseAll(new Set());
    const items = await messages.find([KEY]);
    expect(items.get(formatKey(KEY))).toEqual(waitingItem(['a@corp.example']));
  });

  it('rejects, and never throws, when the database is gone', async () => {
    const { messages, mailboxes, uidls, duplicates } = used.ledgers;
    used.database.close();
    const temporary = { kind: 'ledger', permanence: 'temporary' };
    const account = { mailbox: 'sales', host: 'pop.provider.example', username: 'sales' };
    const claim = { mailbox: 'sales', recipient: 'a@corp.example', duplicateKey: 'k' };
    await expect(messages.find([KEY])).rejects.toMatchObject(temporary);
    await expect(mailboxes.read('sales')).rejects.toMatchObject(temporary);
    await expect(uidls.find(account, ['hash'])).rejects.toMatchObject(temporary);
    await expect(
      duplicates.claim([claim], KEY.sha256, { now: 1, expiresAt: 2 }),
    ).rejects.toMatchObject(temporary);
    await expect(
      messages.change(KEY, () => ({ store: waitingItem([]), answer: null })),
    ).rejects.toMatchObject(temporary);
  });

  it('forgets what ended, left its listing or was removed long enough ago, and nothing else', async () => {
    const { messages, mailboxes, uidls } = used.ledgers;
    const ended = waitingItem([], { endedAt: 1_000, copyRemovedAt: 1_000 });
    const items = {
      old: ended,
      'of a mailbox whose run died': ended,
      'seen since': { ...ended, seenAt: 1_001 },
      'on the server': { ...ended, onServer: true },
      'in Failed': { ...ended, copyRemovedAt: null },
      open: waitingItem(['a@corp.example']),
    };
    const died = 'of a mailbox whose run died';
    for (const [sha256, store] of Object.entries(items)) {
      const mailbox = sha256 === died ? 'office' : 'sales';
      await messages.change({ mailbox, sha256 }, () => ({ store, answer: null }));
    }
    const account = { mailbox: 'sales', host: 'pop.provider.example', username: 'sales' };
    const gone = uidlRecord({ uidlHash: 'gone', goneAt: 1_000 });
    await uidls.record(account, [gone, uidlRecord({ uidlHash: 'listed', seenAt: 0 })]);
    await uidls.record({ ...account, mailbox: 'office' }, [gone]);
    const record = { ...NO_MAILBOX_RECORD, lastStartedAt: 2, lastEndedAt: 1 };
    await mailboxes.change('office', () => ({ store: record, answer: null }));

    await used.ledgers.forget(1_500, 501);
    expect(used.database.all('SELECT sha256 FROM message')).toHaveLength(6);
    expect(await uidls.all(account)).toHaveProperty('size', 2);

    await used.ledgers.forget(1_500, 500);
    const left = used.database.all('SELECT sha256 FROM message').map(({ sha256 }) => sha256);
    expect(new Set(left)).toEqual(new Set(Object.keys(items).filter((name) => name !== 'old')));
    expect([...(await uidls.all(account)).keys()]).toEqual(['listed']);
    expect([...(await uidls.all({ ...account, mailbox: 'office' })).keys()]).toEqual(['gone']);
  });

  it('takes over a folder whose items and UIDLs an older version wrote', async () => {
    const { database } = used;
    const { onServer, goneAt, copyRemovedAt, ...older } = waitingItem(['a@corp.example']);
    expect({ onServer, goneAt, copyRemovedAt }).toEqual({
      onServer: false,
      goneAt: null,
      copyRemovedAt: null,
    });
    await database.write(() => {
      database.run('DROP TABLE message');
      database.run(
        `CREATE TABLE message (mailbox TEXT NOT NULL, sha256 TEXT NOT NULL, item TEXT NOT NULL,
           claimed INTEGER NOT NULL, PRIMARY KEY (mailbox, sha256)) WITHOUT ROWID`,
      );
      database.run(
        'INSERT INTO message (mailbox, sha256, item, claimed) VALUES (?, ?, ?, 0)',
        ...[KEY.mailbox, KEY.sha256, JSON.stringify(older)],
      );
    });
    const { messages, uidls } = sqliteLedger(database);
    expect((await messages.find([KEY])).get(formatKey(KEY))).toEqual(
      waitingItem(['a@corp.example']),
    );
    const account = { mailbox: 'sales', host: 'pop.provider.example', username: 'sales' };
    await uidls.record(account, [uidlRecord({ uidlHash: 'u' })]);
    const record = { uidlHash: 'u', sha256: 's', size: 1, headerDigest: 'h', seenAt: 5 };
    await database.write(() =>
      database.run('UPDATE uidl SET record = ?', JSON.stringify({ ...record, deleSent: true })),
    );
    const state = takenState({ sha256: 's', deleIn: 0 });
    expect((await uidls.find(account, ['u'])).get('u')).toEqual(
      uidlRecord({
        uidlHash: 'u',
        size: 1,
        headerDigest: 'h',
        state,
        seenAt: 5,
        firstSeenAt: 5,
        goneAt: 5,
      }),
    );
  });

  it('drops claims that have expired, so that the database does not grow for ever', async () => {
    const { duplicates } = used.ledgers;
    const claims = Array.from({ length: 20 }, (_, at) => ({
      mailbox: 'sales',
      recipient: `${at}@corp.example`,
      duplicateKey: 'key',
    }));
    await duplicates.claim(claims, 'one', { now: 1_000, expiresAt: 2_000 });
    await duplicates.claim(claims.slice(0, 1), 'two', { now: 2_000, expiresAt: 3_000 });
    const rows = used.database.all('SELECT recipient, owner FROM duplicate');
    expect(rows).toEqual([{ recipient: '0@corp.example', owner: 'two' }]);
  });

  it('finds nothing of a message that is forgotten, by whatever it was found', async () => {
    const { database, ledgers, close } = openLedger();
    const item = waitingItem(['chris@corp.example'], { messageId: '<a@b.example>' });
    await ledgers.messages.change(KEY, () => ({ store: item, answer: null }));
    expect(await ledgers.index.byMessageId('<a@b.example>')).toEqual([KEY]);
    await database.write(() => database.run('DELETE FROM message'));
    expect(await ledgers.index.byMessageId('<a@b.example>')).toEqual([]);
    expect(database.all('SELECT * FROM message_term')).toEqual([]);
    close();
  });

  it('reads an item of an older version, which knew less', async () => {
    const { database, ledgers, close } = openLedger();
    const item = waitingItem(['chris@corp.example']);
    const old = { ...item, failure: undefined, messageId: undefined, copyRemovedAt: undefined };
    await database.write(() =>
      database.run(
        'INSERT INTO message (mailbox, sha256, item, claimed) VALUES (?, ?, ?, 0)',
        KEY.mailbox,
        KEY.sha256,
        JSON.stringify(old),
      ),
    );
    const found = await ledgers.messages.find([KEY]);
    expect(found.get(formatKey(KEY))).toEqual(item);
    close();
  });
});
