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
import { mailboxLedgerContract } from '../contract/mailbox-ledger.ts';
import { messageLedgerContract } from '../contract/message-ledger.ts';
import { uidlLedgerContract } from '../contract/uidl-ledger.ts';
import { asPromised } from '../support/as-promised.ts';
import { waitingItem } from '../support/message-items.ts';
import { sha256Of } from '../support/spooled-message.ts';

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
});
