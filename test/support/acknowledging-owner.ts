import { writeSync } from 'node:fs';

import { openEmbedded } from '../../infra/local/embedded.ts';
import type { Embedded } from '../../infra/local/embedded.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import { beginRun } from '../../shared/ledger/mailbox-transitions.ts';
import { claimDelivery } from '../../shared/ledger/message-transitions.ts';
import { silentLog } from '../../shared/observe/pino-log.ts';
import { createSpool } from '../../shared/store/spool-writer.ts';
import { failureReportFor } from './failure-reports.ts';
import { waitingItem } from './message-items.ts';
import { seededRandom, wholeBetween } from './seeded-random.ts';
import { arrivalOf, keyOf, sha256Of } from './spooled-message.ts';
import { takenState, uidlRecord } from './uidl-records.ts';

/**
 * A program that owns a data folder, writes by every port of the embedded host, and prints a line after each write
 * that was acknowledged, until it is killed. Arguments: the folder, a number that nobody else writes under, after how
 * many messages to stop, and how many it writes at the same time.
 */
const FAR_MS = 24 * 3_600_000;
const SPOOL_MEMORY = 30_000;

const [folder = '', series = '0', messages = 'Infinity', lanes = '6'] = process.argv.slice(2);

function acknowledged(what: string, which: string): void {
  writeSync(1, `${what} ${which}\n`);
}

/** One of each: mail, its copy in Failed/, item, lease, UIDL, duplicate claim, job that waits, job in flight. */
async function writeAll({ deps, folder: owned, queues }: Embedded, number: number): Promise<void> {
  const random = seededRandom(number);
  const size = wholeBetween(random, 0, 100_000);
  const octets = Buffer.from(
    `n: ${series}.${number}\r\n\r\n${'\xff\0x\n'.repeat(size / 4)}`,
    'latin1',
  );
  const key = keyOf('sales', octets);
  const name = formatKey(key);
  const now = deps.clock.now();

  const spool = createSpool(owned.spool, SPOOL_MEMORY);
  for (let at = 0; at < octets.length; at += 8192)
    await spool.write(octets.subarray(at, at + 8192));
  const message = await spool.end();
  await deps.store.create(key, message, await arrivalOf(octets));
  await message.discard();
  acknowledged('mail', name);
  if (number % 2 === 0) {
    await deps.store.park(key, failureReportFor(key));
    acknowledged('parked', name);
    await deps.store.remove('Incoming', key);
  }

  await deps.messages.change(key, () => ({ store: waitingItem(['a@corp.example']), answer: null }));
  await deps.messages.change(key, claimDelivery({ token: name, now, until: now + FAR_MS }));
  acknowledged('item', name);

  const mailbox = `box-${series}-${number}`;
  await deps.mailboxes.change(mailbox, beginRun({ owner: name, now, until: now + FAR_MS }));
  acknowledged('lease', mailbox);

  const uidlHash = sha256Of(Buffer.from(name));
  const account = { mailbox: 'sales', host: 'pop.provider.example', username: 'sales' };
  const state = takenState({ sha256: key.sha256, deleIn: now });
  const record = uidlRecord({ uidlHash, size, state, seenAt: now });
  await deps.uidls.record(account, [record]);
  acknowledged('uidl', uidlHash);

  const claim = { mailbox: 'sales', recipient: 'a@corp.example', duplicateKey: key.sha256 };
  await deps.duplicates.claim([claim], key.sha256, { now, expiresAt: now + FAR_MS });
  acknowledged('duplicate', key.sha256);

  await deps.deliverQueue.send([key]);
  acknowledged('job', name);
  await queues.deliver.receive(1, FAR_MS);
}

async function main(): Promise<void> {
  const embedded = await openEmbedded({
    folder,
    settingsFrom: () => ({ read: () => Promise.reject(new Error('there are no settings here')) }),
    secrets: { read: () => Promise.reject(new Error('there are no secrets here')) },
    log: silentLog,
  });
  // Always something half-written to be killed over.
  await createSpool(embedded.folder.spool, 0).write(Buffer.from('half a message'));
  acknowledged('ready', series);
  let number = 0;
  const lane = async (): Promise<void> => {
    while (number < Number(messages)) await writeAll(embedded, (number += 1));
  };
  await Promise.all(Array.from({ length: Number(lanes) }, lane));
  await embedded.close();
  process.exit();
}

// The one who started this may die as well; nobody may then be left behind.
process.stdin.resume().once('close', () => process.exit());
await main();
