import { tmpdir } from 'node:os';

import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { compareFailed } from '../../functions/sweep/compare-failed.ts';
import { failureReport } from '../../functions/deliver/failure-report.ts';
import { systemClock } from '../../shared/clock.ts';
import { dynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import type { DynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import { NO_HISTORY } from '../../shared/ledger/message-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { s3MailStore } from '../../shared/store/s3-mail-store.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import { createSpool } from '../../shared/store/spool-writer.ts';
import { clientsOf, createStage, destroyClients } from '../support/emulated-stage.ts';
import type { AwsClients, EmulatedStage } from '../support/emulated-stage.ts';
import { waitingItem } from '../support/message-items.ts';
import { startMiniStack } from '../support/ministack.ts';
import type { MiniStack } from '../support/ministack.ts';
import { recordingLog } from '../support/recording-log.ts';
import { recordingMetrics } from '../support/recording-metrics.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { sampleSettings } from '../support/sample-settings.ts';
import { arrivalOf } from '../support/spooled-message.ts';
import { storeArrival } from '../support/stored-arrival.ts';

let ministack: MiniStack;
let clients: AwsClients;
let stage: EmulatedStage;
let store: MailStore;
let ledger: DynamoLedger;

beforeAll(async () => {
  ministack = await startMiniStack();
  clients = clientsOf(ministack.endpoint);
  stage = await createStage(clients);
  store = s3MailStore({ client: clients.s3, bucket: stage.bucket });
  ledger = dynamoLedger({ client: clients.dynamo, table: stage.table });
});
afterAll(async () => {
  destroyClients(clients);
  await ministack.stop();
});

/** Refused, and in `Failed/` with its report. */
async function refused(name: string): Promise<MessageKey> {
  const octets = sampleMessage('gone@corp.example', name);
  const key = await storeArrival(store, 'everyone', octets);
  const [waiting] = waitingItem(['gone@corp.example']).recipients;
  if (waiting === undefined) throw new Error('expected a recipient');
  const item = {
    ...waitingItem(['gone@corp.example'], { endedAt: 2000, failure: NO_HISTORY }),
    recipients: [{ ...waiting, state: 'failed' as const, reason: 'refused' as const }],
  };
  await ledger.messages.change(key, () => ({ store: item, answer: null }));
  await store.park(key, failureReport(key, item, await arrivalOf(octets), null, 2000));
  await store.remove('Incoming', key);
  return key;
}

async function removeByHand(key: MessageKey, ending: string): Promise<void> {
  const Key = `Failed/${formatKey(key)}${ending}`;
  await clients.s3.send(new DeleteObjectCommand({ Bucket: stage.bucket, Key }));
}

/** On the adapters of AWS what test/functions/sweep/compare-failed.test.ts shows in full on the others. */
test('what somebody changed in the bucket by hand is found both ways, repaired, and well from then on', async () => {
  const [whole, unreported, lost] = [await refused('1'), await refused('2'), await refused('3')];
  await removeByHand(unreported, '.json');
  await removeByHand(lost, '.eml');
  await removeByHand(lost, '.json');
  const [log, metrics] = [recordingLog(), recordingMetrics()];
  const later = { now: () => systemClock.now() + 25 * 3_600_000 };
  const settings = sampleSettings({ pop3: 110, smtp: 25 });
  const deps = {
    ...{ ...ledger, store, log, metrics },
    settings: { read: () => Promise.resolve(settings) },
    newSpool: () => createSpool(tmpdir()),
    hostName: 'mailferry-test.local',
  };
  expect(await compareFailed({ ...deps, clock: later }, 0)).toBe(2);
  const repaired = log.entries.filter(({ event }) => event === 'difference repaired');
  expect(new Map(repaired.map(({ fields }) => [fields['message'], fields['difference']]))).toEqual(
    new Map([
      [formatKey(unreported), 'report'],
      [formatKey(lost), 'lost'],
    ]),
  );
  expect(metrics.published).toEqual([['SweepDifferences', 2]]);
  expect(await store.report(unreported)).toMatchObject({ reason: 'refused' });
  expect(await store.report(whole)).toMatchObject({ key: formatKey(whole) });
  const muchLater = { now: () => later.now() + 25 * 3_600_000 };
  expect(await compareFailed({ ...deps, clock: muchLater }, 0)).toBe(0);
});
