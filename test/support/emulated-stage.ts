import { setTimeout as pause } from 'node:timers/promises';

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

import { createLedgerTable } from './ledger-table.ts';
import { queueEvent } from './queue-event.ts';

/** Receives that bring nothing before it gives up. */
const EMPTY_RECEIVES = 40;
const BETWEEN_RECEIVES_MS = 250;

export interface AwsClients {
  readonly s3: S3Client;
  readonly sqs: SQSClient;
  readonly dynamo: DynamoDBClient;
}

export function clientsOf(endpoint: string): AwsClients {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const options = { endpoint, region: 'us-east-1', credentials };
  return {
    s3: new S3Client({ ...options, forcePathStyle: true }),
    sqs: new SQSClient(options),
    dynamo: new DynamoDBClient(options),
  };
}

export function destroyClients(clients: AwsClients): void {
  for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
}

/** A stage's resources without its functions. */
export interface EmulatedStage {
  readonly bucket: string;
  readonly table: string;
  readonly routeQueue: string;
  readonly deliverQueue: string;
}

/** Bucket, table and two queues, as the stack has them; S3 tells the route queue of each new message. */
export async function createStage({ s3, sqs, dynamo }: AwsClients): Promise<EmulatedStage> {
  const [bucket, table] = ['mailferry-counted', 'mailferry-counted'];
  const [routeQueue, deliverQueue] = [await queue(sqs, 'route'), await queue(sqs, 'deliver')];
  await createLedgerTable(dynamo, table);
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  const { Attributes: attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: routeQueue, AttributeNames: ['QueueArn'] }),
  );
  const newMail = {
    Events: ['s3:ObjectCreated:*' as const],
    QueueArn: attributes.QueueArn,
    Filter: { Key: { FilterRules: [{ Name: 'prefix' as const, Value: 'Incoming/' }] } },
  };
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: bucket,
      NotificationConfiguration: { QueueConfigurations: [newMail] },
    }),
  );
  return { bucket, table, routeQueue, deliverQueue };
}

async function queue(sqs: SQSClient, name: string): Promise<string> {
  const attributes = { VisibilityTimeout: '900' };
  const made = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  if (made.QueueUrl === undefined) throw new Error(`expected an address of the queue ${name}`);
  return made.QueueUrl;
}

/**
 * What an event source would hand to a function, in batches of `size`, once so many messages are there. The queue's
 * test event of S3 is one of the things that are left out.
 * @throws Error when fewer come
 */
export async function eventsOf(
  sqs: SQSClient,
  queueUrl: string,
  { count, size }: { readonly count: number; readonly size: number },
): Promise<readonly unknown[]> {
  const records: { readonly id: string; readonly body: string }[] = [];
  for (let empty = 0; records.length < count;) {
    if (empty === EMPTY_RECEIVES) {
      throw new Error(`expected ${count} messages in ${queueUrl}, got ${records.length}`);
    }
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
    );
    for (const { MessageId: id = '', Body: body = '' } of messages) {
      if (!body.includes('s3:TestEvent')) records.push({ id, body });
    }
    if (messages.length > 0) continue;
    empty += 1;
    await pause(BETWEEN_RECEIVES_MS);
  }
  const batches = Math.ceil(records.length / size);
  return Array.from({ length: batches }, (_, at) =>
    queueEvent(records.slice(at * size, (at + 1) * size)),
  );
}

/** @returns keys of all objects */
export async function objectsIn(s3: S3Client, bucket: string): Promise<readonly string[]> {
  const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  return objects.map(({ Key: key = '' }) => key);
}
