import { ListObjectsV2Command, GetObjectCommand } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  CreateQueueCommand,
} from '@aws-sdk/client-sqs';
import type { Message } from '@aws-sdk/client-sqs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

import { bundle } from '../../infra/aws/bundle.ts';
import type { FunctionName } from '../../infra/aws/timings.ts';
import { dynamoLedger } from '../../shared/ledger/dynamo-ledger.ts';
import { parseKey } from '../../shared/mail/message-key.ts';
import { documentToParameters } from '../../shared/settings/ssm-document.ts';
import { failedOf, sentIn } from './drain-judge.ts';
import type { DrainMail } from './drain-mail.ts';
import { clientsOf, createStage, destroyClients } from './emulated-stage.ts';
import type { AwsClients, EmulatedStage } from './emulated-stage.ts';
import { callKillable } from './killable-function.ts';
import type { CallEnd } from './killable-function.ts';
import type { MiniStack } from './ministack.ts';
import { queueEvent } from './queue-event.ts';

const STAGE = 'drain';
/** What a killed function had in hand is shown again after this; in the stack it takes its time limit six times. */
const HIDDEN_SECONDS = 5;

type Source = 'route' | 'deliver';

/**
 * When a call is to be killed, by how long the last one of its function took that was not: a time that says the same on
 * a fast machine and on a slow one. Null: not at all.
 */
export type KillAfter = (usualMs: number) => number | null;

/**
 * A stage on MiniStack whose functions, the bundles as they are deployed, are called by the test in place of Lambda: so
 * that it can kill them, and let hours pass.
 */
export class DrainStage {
  /** How far the functions' time lies ahead. */
  aheadMs = 0;
  /** How long the last whole call of a function took. Milliseconds. */
  readonly #usualMs = new Map<FunctionName, number>();
  readonly #folder: string;
  readonly #clients: AwsClients;
  readonly #stage: EmulatedStage;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(
    folder: string,
    clients: AwsClients,
    stage: EmulatedStage,
    environment: Readonly<Record<string, string>>,
  ) {
    this.#folder = folder;
    this.#clients = clients;
    this.#stage = stage;
    this.#environment = environment;
  }

  static async make(
    ministack: MiniStack,
    folder: string,
    configuration: unknown,
    secrets: Readonly<Record<string, string>>,
  ): Promise<DrainStage> {
    await bundle(folder);
    const clients = clientsOf(ministack.endpoint);
    const stage = await createStage(clients);
    const fetchQueue = await clients.sqs.send(new CreateQueueCommand({ QueueName: 'fetch' }));
    const topic = await putRest(ministack.endpoint, configuration, secrets);
    return new DrainStage(folder, clients, stage, {
      ...ministack.environment,
      MAILFERRY_STAGE: STAGE,
      MAILFERRY_BUCKET: stage.bucket,
      MAILFERRY_TABLE: stage.table,
      MAILFERRY_FETCH_QUEUE: fetchQueue.QueueUrl ?? '',
      MAILFERRY_ROUTE_QUEUE: stage.routeQueue,
      MAILFERRY_DELIVER_QUEUE: stage.deliverQueue,
      MAILFERRY_ALARM_TOPIC: topic,
    });
  }

  /** The first call of a function is never killed: how long it takes is not known. */
  async call(name: FunctionName, event: unknown, killAfter: KillAfter): Promise<CallEnd> {
    const { aheadMs } = this;
    const [folder, environment] = [this.#folder, this.#environment];
    const usualMs = this.#usualMs.get(name);
    const killAfterMs = usualMs === undefined ? null : killAfter(usualMs);
    const begun = performance.now();
    const end = await callKillable({ folder, name, event, environment, aheadMs, killAfterMs });
    if (end.kind === 'returned') this.#usualMs.set(name, performance.now() - begun);
    return end;
  }

  fetch(mailbox: string, killAfter: KillAfter): Promise<CallEnd> {
    const body = JSON.stringify({ mailbox, queuedAt: Date.now() + this.aheadMs });
    return this.call('fetch', queueEvent([{ id: 'fetch', body }]), killAfter);
  }

  /**
   * Hands what a queue shows now to its function, batch by batch, as an event source does: what is done with is deleted.
   * @returns how many calls were killed
   */
  async work(name: Source, killAfter: KillAfter): Promise<number> {
    let kills = 0;
    for (let empty = 0; empty < 2;) {
      const records = await this.#receive(name);
      if (records.length === 0) {
        empty += 1;
        continue;
      }
      const end = await this.call(name, queueEvent(records), killAfter);
      if (end.kind === 'killed') kills += 1;
      else await this.#delete(name, records, end.answer);
    }
    return kills;
  }

  /** `key recipient` of everybody whom the ledger has as sent. */
  async recorded(mails: readonly DrainMail[]): Promise<ReadonlySet<string>> {
    const { messages } = dynamoLedger({ client: this.#clients.dynamo, table: this.#stage.table });
    return sentIn(await messages.find(mails.flatMap(({ key }) => parseKey(key) ?? [])));
  }

  async objects(prefix: string): Promise<readonly string[]> {
    const { s3 } = this.#clients;
    const names: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({
          Bucket: this.#stage.bucket,
          Prefix: prefix,
          ...(ContinuationToken && { ContinuationToken }),
        }),
      );
      names.push(...(page.Contents ?? []).map(({ Key: key = '' }) => key));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return names;
  }

  /** `key recipient` of everybody who failed, by the reports in `Failed/`. */
  async failed(): Promise<ReadonlySet<string>> {
    const names = await this.objects('Failed/');
    const failed: string[] = [];
    for (const name of names.filter((one) => one.endsWith('.json'))) {
      if (!names.includes(name.replace(/json$/, 'eml'))) continue;
      const at = { Bucket: this.#stage.bucket, Key: name };
      const { Body: body } = await this.#clients.s3.send(new GetObjectCommand(at));
      failed.push(...failedOf(JSON.parse((await body?.transformToString()) ?? '{}')));
    }
    return new Set(failed);
  }

  close(): void {
    destroyClients(this.#clients);
  }

  #url(name: Source): string {
    return name === 'route' ? this.#stage.routeQueue : this.#stage.deliverQueue;
  }

  async #receive(name: Source) {
    const { Messages: messages = [] } = await this.#clients.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#url(name),
        MaxNumberOfMessages: 10,
        VisibilityTimeout: HIDDEN_SECONDS,
        MessageSystemAttributeNames: [
          'ApproximateReceiveCount',
          'ApproximateFirstReceiveTimestamp',
        ],
      }),
    );
    return messages.map((message) => this.#record(message));
  }

  /** With its first receive told in the functions' time: they put off what was received long ago for a shorter while. */
  #record({
    MessageId: id = '',
    Body: body = '',
    ReceiptHandle: receipt = '',
    Attributes,
  }: Message) {
    const receives = Number(Attributes?.ApproximateReceiveCount);
    const firstReceivedAt = Number(Attributes?.ApproximateFirstReceiveTimestamp) + this.aheadMs;
    return { id, body, receipt, receives, firstReceivedAt };
  }

  async #delete(
    name: Source,
    records: readonly { readonly id: string; readonly receipt: string }[],
    answer: unknown,
  ): Promise<void> {
    const { batchItemFailures: again } = answer as {
      readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
    };
    const open = new Set(again.map(({ itemIdentifier }) => itemIdentifier));
    for (const { id, receipt } of records) {
      if (open.has(id)) continue;
      const message = { QueueUrl: this.#url(name), ReceiptHandle: receipt };
      await this.#clients.sqs.send(new DeleteMessageCommand(message));
    }
  }
}

/** Parameters as `config push` writes them, and the topic of the alarms. */
async function putRest(
  endpoint: string,
  configuration: unknown,
  secrets: Readonly<Record<string, string>>,
): Promise<string> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const options = { endpoint, region: 'us-east-1', credentials };
  const ssm = new SSMClient(options);
  const sns = new SNSClient(options);
  try {
    const loopKey = { name: 'secrets/mailferry-loop', value: 'ab'.repeat(32), secret: true };
    const known = documentToParameters(configuration, new Map(Object.entries(secrets)));
    for (const { name, value, secret } of [...known, loopKey]) {
      await ssm.send(
        new PutParameterCommand({
          Name: `/mailferry/${STAGE}/${name}`,
          Value: value,
          Type: secret ? 'SecureString' : 'String',
        }),
      );
    }
    const { TopicArn: topic = '' } = await sns.send(new CreateTopicCommand({ Name: STAGE }));
    return topic;
  } finally {
    ssm.destroy();
    sns.destroy();
  }
}
