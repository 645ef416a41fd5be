import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { deliverMessage } from '../../functions/deliver/deliver-message.ts';
import type { DeliverDeps } from '../../functions/deliver/deliver-message.ts';
import { DestinationGate } from '../../functions/deliver/destination-gate.ts';
import { fetchMailbox } from '../../functions/fetch/fetch-mailbox.ts';
import type { FetchDeps, FetchOutcome } from '../../functions/fetch/fetch-mailbox.ts';
import { routeMessage } from '../../functions/route/route-message.ts';
import type { RouteDeps } from '../../functions/route/route-message.ts';
import { jobOf, routeJobsOf } from '../../infra/aws/runtime/job-body.ts';
import { handleRecords } from '../../infra/aws/runtime/record-batch.ts';
import type { RecordBatch } from '../../infra/aws/runtime/record-batch.ts';
import { SharedSend } from '../../infra/aws/runtime/shared-send.ts';
import { sqsPutOff } from '../../infra/aws/runtime/visibility.ts';
import { BATCH_SIZE } from '../../infra/aws/timings.ts';
import { systemClock } from '../../shared/clock.ts';
import { CurrentCourier } from '../../shared/courier/current-courier.ts';
import { dynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import { nothingInHand } from '../../shared/ledger/in-hand.ts';
import { noAlarmTopic } from '../../shared/notice/alarm-topic.ts';
import { noMetrics } from '../../shared/observe/metrics.ts';
import { Pop3Opener } from '../../shared/pop3/opener.ts';
import { DONE, messageJob } from '../../shared/queue/job-queue.ts';
import type { MessageJob } from '../../shared/queue/job-queue.ts';
import { sqsSender } from '../../shared/queue/sqs-queue.ts';
import type { Secrets } from '../../shared/settings/settings.ts';
import { s3MailStore } from '../../shared/store/s3-mail-store.ts';
import { createSpool } from '../../shared/store/spool-writer.ts';
import {
  clientsOf,
  createStage,
  destroyClients,
  eventsOf,
  objectsIn,
} from '../support/emulated-stage.ts';
import type { AwsClients, EmulatedStage } from '../support/emulated-stage.ts';
import { startMiniStack } from '../support/ministack.ts';
import type { MiniStack } from '../support/ministack.ts';
import { noTokens } from '../support/no-tokens.ts';
import { recordingLog } from '../support/recording-log.ts';
import { COUNTED_AT, RequestCount } from '../support/request-count.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { sampleSettings } from '../support/sample-settings.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';

const MESSAGES = 20;
const RECIPIENTS = Array.from({ length: MESSAGES }, (_, at) => `person-${at}@corp.example`);
const HELLO = 'mailferry-counted.local';

const UNITS_OF_THE_RUN =
  'Beside these units a run of the mailbox reads one and writes three, reads what is known of the UIDLs once, and one more of each every 40 seconds.';
const UNSEEN = [
  'Not seen from here, since AWS makes them itself: for each message one SQS send by S3; for each batch of up to 10,',
  'on two queues, one receive and one delete by the event source (0.4 a message when batches are full, as here); the',
  "event source's polls of empty queues; reads of SSM (free), of which there are none here: settings are given.",
].join('\n');

/**
 * The use cases on the adapters of AWS, wired as infra/aws/runtime wires them, with clients that count. What this does
 * not prove: what AWS bills, nor batches that are not full, nor a message that is large, deferred or refused.
 */
describe('requests per message', () => {
  const scratch = makeScratchFolder('requests');
  const count = new RequestCount();
  const log = recordingLog();
  const clock = systemClock;
  let ministack: MiniStack;
  let pop3: ScriptedPop3Server;
  let smtp: ScriptedSmtpServer;
  let stage: EmulatedStage;
  /** For what the test itself asks. */
  let own: AwsClients;
  let counted: AwsClients;
  let fetched: FetchOutcome;

  beforeAll(async () => {
    const mails = RECIPIENTS.map((address, at) => sampleMessage(address, `number-${at}`));
    pop3 = await startPop3Server({ users: { everyone: { password: 'secret', mails } } });
    smtp = await startSmtpServer();
    ministack = await startMiniStack();
    own = clientsOf(ministack.endpoint);
    counted = clientsOf(ministack.endpoint);
    counted.s3.middlewareStack.add(count.middleware('S3'), COUNTED_AT);
    counted.sqs.middlewareStack.add(count.middleware('SQS'), COUNTED_AT);
    counted.dynamo.middlewareStack.add(count.middleware('DynamoDB'), COUNTED_AT);
    stage = await createStage(own);
    await carryAll();
    printTable();
  });

  afterAll(async () => {
    destroyClients(own);
    destroyClients(counted);
    await ministack.stop();
    await smtp.close();
    await pop3.close();
    scratch.remove();
  });

  async function carryAll(): Promise<void> {
    const ledger = dynamoLedger({ client: counted.dynamo, table: stage.table });
    const settings = sampleSettings({ pop3: pop3.port, smtp: smtp.port });
    const shared = {
      ...ledger,
      settings: { read: () => Promise.resolve(settings) },
      store: s3MailStore({ client: counted.s3, bucket: stage.bucket }),
      newToken: randomUUID,
      clock,
      log,
      metrics: noMetrics,
    };
    const opener = new Pop3Opener(clock);
    const newSpool = () => createSpool(scratch.path);
    const bounds = { closing: new AbortController().signal, deadline: null };
    const fetchDeps: FetchDeps = {
      ...shared,
      secrets,
      tokens: noTokens,
      alarms: noAlarmTopic,
      opener,
      newSpool,
      random: () => 0.5,
      credentialsKey: () => Promise.resolve(Buffer.alloc(32, 1)),
      hostName: HELLO,
    };
    fetched = await fetchMailbox(fetchDeps, 'everyone', bounds);
    expect(fetched.result.error).toBeNull();

    const loopKey = Buffer.alloc(32, 1);
    const routing = { ...shared, loopKey, hostName: HELLO };
    for (const event of await batchesOf(stage.routeQueue)) await route(event, routing);

    const routeQueue = sqsSender<MessageJob>(counted.sqs, stage.routeQueue);
    const destination = new DestinationGate({ ledger: ledger.destinations, ...shared });
    const delivery = {
      ...shared,
      newSpool,
      hostName: HELLO,
      destination,
      inHand: nothingInHand,
      routeQueue,
      random: () => 0.5,
    };
    for (const event of await batchesOf(stage.deliverQueue)) await deliver(event, delivery);
  }

  /** As functions/route/handler.ts. */
  async function route(event: unknown, deps: Omit<RouteDeps, 'deliverQueue'>): Promise<void> {
    const sender = sqsSender<MessageJob>(counted.sqs, stage.deliverQueue);
    const deliverQueue = new SharedSend(sender);
    await handleBatch(event, 'route', {
      jobsOf: routeJobsOf,
      handle: (job) =>
        deliverQueue.during(async () => {
          await routeMessage({ ...deps, deliverQueue }, job);
          return DONE;
        }),
      order: 'together',
    });
  }

  /** As functions/deliver/handler.ts. */
  async function deliver(event: unknown, deps: Omit<DeliverDeps, 'courierFor'>): Promise<void> {
    const courier = new CurrentCourier({ secrets, helloName: HELLO, clock, log });
    const courierFor: DeliverDeps['courierFor'] = (delivery) =>
      courier.for({ ...delivery, concurrency: 1 });
    try {
      await handleBatch(event, 'deliver', {
        jobsOf: jobOf(messageJob),
        handle: (job) => deliverMessage({ ...deps, courierFor }, job),
        order: 'inTurn',
      });
    } finally {
      await courier.close();
    }
  }

  async function handleBatch(
    event: unknown,
    queue: 'route' | 'deliver',
    work: Pick<RecordBatch<MessageJob>, 'jobsOf' | 'handle' | 'order'>,
  ): Promise<void> {
    const putOff = sqsPutOff(counted.sqs, stage[`${queue}Queue`]);
    const answer = await handleRecords(event, { ...work, queue, putOff, clock, log });
    expect(answer.batchItemFailures, queue).toEqual([]);
  }

  function batchesOf(queueUrl: string): Promise<readonly unknown[]> {
    return eventsOf(own.sqs, queueUrl, { count: MESSAGES, size: BATCH_SIZE.route });
  }

  test('all mail is carried, once each, and nothing is left behind', async () => {
    expect(fetched.result).toMatchObject({ status: 'ok', fetched: MESSAGES, left: 0 });
    expect(pop3.mails('everyone')).toEqual([]);
    const recipients = smtp.received.flatMap((one) => one.recipients);
    expect(recipients.sort()).toEqual(RECIPIENTS.toSorted());
    expect(await objectsIn(own.s3, stage.bucket)).toEqual([]);
    expect([...log.events('warn'), ...log.events('error')]).toEqual([]);
  });

  test('S3: one PUT, two GET, and one DELETE, which is free', () => {
    expect(requestsTo('S3')).toEqual({ PutObject: 1, GetObject: 2, DeleteObject: 1 });
  });

  test('DynamoDB: at most five write units, the mailbox apart, which is written three times a run', () => {
    const { mailbox, ...ofMessages } = Object.fromEntries(count.writeUnits);
    expect(mailbox).toBe(3);
    expect(Object.keys(ofMessages).sort()).toEqual(['duplicate', 'message', 'uidl']);
    expect(unitsPerMessage(count.writeUnits)).toBeLessThanOrEqual(5);
  });

  test('DynamoDB: one write unit more for the index that finds mail', () => {
    expect(count.indexWriteUnits / MESSAGES).toBe(1);
  });

  test('DynamoDB: at most three read units, the mailbox apart, which is read once a run', () => {
    expect(count.readUnits.get('mailbox')).toBe(1);
    // Whether the destination is up: asked once in ten seconds, however many messages there are.
    expect(count.readUnits.get('destination')).toBeLessThanOrEqual(MESSAGES / BATCH_SIZE.deliver);
    // The UIDLs that are known are read once a run.
    expect(unitsPerMessage(count.readUnits)).toBeLessThanOrEqual(3 + 1 / MESSAGES);
  });

  test('SQS: one send for each batch that is routed, and nothing else', () => {
    expect(requestsTo('SQS')).toEqual({ SendMessageBatch: 1 / BATCH_SIZE.route });
  });

  function printTable(): void {
    const lines = [...count.requests].toSorted().map(([name, sum]) => row(name, sum / MESSAGES));
    const units = [
      row('DynamoDB read units', unitsPerMessage(count.readUnits)),
      row('DynamoDB write units', unitsPerMessage(count.writeUnits)),
      row('the same for indexes', count.indexWriteUnits / MESSAGES),
    ];
    const title = `requests per message: ${MESSAGES} messages, a recipient each`;
    const text = [title, ...lines, ...units, UNITS_OF_THE_RUN, UNSEEN].join('\n');
    process.stdout.write(`${text}\n`);
  }

  /** A message, by operation. */
  function requestsTo(service: string): Readonly<Record<string, number>> {
    const ofService = [...count.requests].filter(([name]) => name.startsWith(`${service} `));
    return Object.fromEntries(
      ofService.map(([name, sum]) => [name.slice(service.length + 1), sum / MESSAGES]),
    );
  }

  /** Without what a run costs that brings nothing. */
  function unitsPerMessage(units: ReadonlyMap<string, number>): number {
    const ofMessages = [...units].filter(([kind]) => kind !== 'mailbox' && kind !== 'destination');
    return ofMessages.reduce((sum, [, ofKind]) => sum + ofKind, 0) / MESSAGES;
  }
});

/** Settings of the samples hold passwords themselves. */
const secrets: Secrets = {
  read: (ref) =>
    ref.kind === 'plain'
      ? Promise.resolve(ref.value)
      : Promise.reject(new Error('expected a password in the settings themselves')),
};

function row(name: string, each: number): string {
  return `  ${name.padEnd(26)}${each.toFixed(2).padStart(6)}`;
}
