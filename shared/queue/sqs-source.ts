import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import type { ZodType } from 'zod';

import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { JobSource, QueueDepth, ReceivedJob } from './job-queue.ts';
import { isReceiptExpired, sqsFailure } from './sqs-failure.ts';
import { visibilitySeconds } from './sqs-visibility.ts';

/** Messages of one ReceiveMessage (API Reference). */
const MAX_RECEIVED = 10;

/**
 * A long poll asks every server of the queue; a short one asks some, and an empty answer means little (Developer
 * Guide, "Short and long polling"). Seconds.
 */
const WAIT_SECONDS = 1;

/** No receipt is good for longer. Milliseconds. */
const RECEIPT_MS = 43_200_000;

/**
 * Jobs of an SQS queue, polled. On AWS event sources do this for the functions; here are the same rules for whoever
 * has no event source. A body that is no job stays hidden and unread until the queue's redrive policy puts it aside.
 */
export function sqsSource<Job>(
  client: SQSClient,
  queueUrl: string,
  schema: ZodType<Job>,
  clock: Clock = systemClock,
): JobSource<Job> {
  return new SqsSource(client, queueUrl, schema, clock);
}

class SqsSource<Job> implements JobSource<Job> {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #schema: ZodType<Job>;
  readonly #clock: Clock;
  /** Before the receive of each job that is in flight with us, by receipt: SQS counts its longest visibility from it. */
  readonly #receivedAt = new Map<string, number>();

  constructor(client: SQSClient, queueUrl: string, schema: ZodType<Job>, clock: Clock) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#schema = schema;
    this.#clock = clock;
  }

  async receive(max: number, visibilityMs: number): Promise<readonly ReceivedJob<Job>[]> {
    const receivedAt = this.#clock.now();
    this.#forgetBefore(receivedAt - RECEIPT_MS);
    const { Messages = [] } = await this.#attempt('ReceiveMessage', (QueueUrl) =>
      this.#client.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MaxNumberOfMessages: Math.min(max, MAX_RECEIVED),
          VisibilityTimeout: visibilitySeconds(visibilityMs, 0),
          WaitTimeSeconds: WAIT_SECONDS,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      ),
    );
    const received = Messages.map((message) => readJob(message, this.#schema));
    const jobs = received.filter((job) => job !== null);
    for (const { receipt } of jobs) this.#receivedAt.set(receipt, receivedAt);
    return jobs;
  }

  async done(receipt: string): Promise<void> {
    await this.#settle(receipt, 'DeleteMessage', (QueueUrl) =>
      this.#client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receipt })),
    );
  }

  async retry(receipt: string, delayMs: number): Promise<void> {
    const now = this.#clock.now();
    const since = now - (this.#receivedAt.get(receipt) ?? now);
    await this.#settle(receipt, 'ChangeMessageVisibility', (QueueUrl) =>
      this.#client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl,
          ReceiptHandle: receipt,
          VisibilityTimeout: visibilitySeconds(delayMs, since),
        }),
      ),
    );
  }

  async depth(): Promise<QueueDepth> {
    const { Attributes = {} } = await this.#attempt('GetQueueAttributes', (QueueUrl) =>
      this.#client.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
          ],
        }),
      ),
    );
    return {
      ready: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }

  /** Jobs that nobody settled; a Map keeps them in the order of their receipt. */
  #forgetBefore(time: number): void {
    for (const [receipt, receivedAt] of this.#receivedAt) {
      if (receivedAt >= time) return;
      this.#receivedAt.delete(receipt);
    }
  }

  /** A receipt that expired is no error: the job comes again, to us or to somebody else, as it would have anyway. */
  async #settle(
    receipt: string,
    action: string,
    request: (queueUrl: string) => Promise<unknown>,
  ): Promise<void> {
    try {
      await request(this.#queueUrl);
    } catch (error) {
      if (!isReceiptExpired(error)) throw sqsFailure(`${action} ${this.#queueUrl}`, error);
    }
    this.#receivedAt.delete(receipt);
  }

  async #attempt<Result>(
    action: string,
    request: (queueUrl: string) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await request(this.#queueUrl);
    } catch (error) {
      throw sqsFailure(`${action} ${this.#queueUrl}`, error);
    }
  }
}

/** @returns null for what is no job */
function readJob<Job>(message: Message, schema: ZodType<Job>): ReceivedJob<Job> | null {
  const { Body = '', ReceiptHandle: receipt, Attributes } = message;
  const job = schema.safeParse(asJson(Body));
  if (!job.success || receipt === undefined) return null;
  return { receipt, job: job.data, receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1) };
}

/** `undefined`, which is no job, for what is no JSON. */
function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
