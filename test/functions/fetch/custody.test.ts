import { setImmediate as turn } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { takeIntoCustody } from '../../../functions/fetch/custody.ts';
import type { Arrival } from '../../../functions/fetch/custody.ts';
import { sqliteLedger } from '../../../shared/ledger/sqlite-ledger.ts';
import type { MessageKey } from '../../../shared/mail/message-key.ts';
import { Database } from '../../../shared/sqlite/database.ts';
import type { ArrivalMetadata } from '../../../shared/store/mail-store.ts';
import { MemoryMailStore } from '../../support/memory-mail-store.ts';
import { messageNumber } from '../../support/open-maildrop.ts';
import { SetClock } from '../../support/set-clock.ts';
import { keyOf, sha256Of, spooledMessage } from '../../support/spooled-message.ts';

const [LARGE, SMALL] = [Buffer.from('large\r\n'), Buffer.from('small\r\n')];

/** A disk that has room for what is small, and takes its time about it. */
class NearlyFullStore extends MemoryMailStore {
  override async create(
    key: MessageKey,
    message: Arrival['message'],
    metadata: ArrivalMetadata,
  ): Promise<'created' | 'exists'> {
    if (key.sha256 === keyOf(key.mailbox, LARGE).sha256) throw new Error('ENOSPC');
    for (let waits = 0; waits < 5; waits += 1) await turn();
    return super.create(key, message, metadata);
  }
}

async function arrivalOf(octets: Buffer, number: number): Promise<Arrival> {
  const uidl = `u${number}`;
  const mail = {
    number: messageNumber(number),
    size: octets.length,
    uidl,
    hash: sha256Of(Buffer.from(uidl)),
    alone: true,
  };
  return { mail, message: await spooledMessage(octets), record: null };
}

/** What still writes would outlive its run: on one machine the database is closed by then. */
test('a group of which one cannot be stored fails when the others are stored, not before', async () => {
  const { messages, uidls } = sqliteLedger(new Database(':memory:'));
  const store = new NearlyFullStore();
  const account = { mailbox: 'chris', host: 'pop.provider.example', username: 'chris' };
  const group = [await arrivalOf(LARGE, 1), await arrivalOf(SMALL, 2)];
  const deps = { store, messages, uidls, clock: new SetClock() };
  await expect(takeIntoCustody(deps, { account, keep: 'none', session: 1 }, group)).rejects.toThrow(
    'ENOSPC',
  );
  expect(store.areas.Incoming.size).toBe(1);
});
