import { setTimeout as pause } from 'node:timers/promises';

import type { SendMessageBatchRequestEntry, SQSClient } from '@aws-sdk/client-sqs';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';

import type { Random } from '../clock.ts';
import { Failure } from '../failure.ts';
import type { JobSender } from './job-queue.ts';
import { sqsFailure } from './sqs-failure.ts';

/** Entries of one SendMessageBatch (API Reference); ten jobs are far below its 1 MiB. */
const BATCH = 10;

/** A batch that is refused in part, again and again, is left to the caller. */
const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 50;

/** @param random spreads repetitions */
export function sqsSender<Job>(
  client: SQSClient,
  queueUrl: string,
  random: Random = Math.random,
): JobSender<Job> {
  return {
    send: async (jobs) => {
      for (let from = 0; from < jobs.length; from += BATCH) {
        const bodies = jobs.slice(from, from + BATCH).map((job) => JSON.stringify(job));
        await sendBatch(client, queueUrl, bodies, random);
      }
    },
  };
}

/** An entry may be refused although the request succeeds; only these are sent again, or others would come twice. */
async function sendBatch(
  client: SQSClient,
  queueUrl: string,
  bodies: readonly string[],
  random: Random,
): Promise<void> {
  let left = bodies.map((MessageBody, at) => ({ Id: String(at), MessageBody }));
  for (let attempt = 1; ; attempt += 1) {
    const refused = await sendOnce(client, queueUrl, left);
    left = left.filter(({ Id }) => refused.has(Id));
    if (left.length === 0) return;
    if (attempt === ATTEMPTS) throw refusedFailure(queueUrl, bodies.length, refused);
    await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + random()));
  }
}

/** @returns id and code of each entry that SQS did not confirm */
async function sendOnce(
  client: SQSClient,
  QueueUrl: string,
  Entries: SendMessageBatchRequestEntry[],
): Promise<ReadonlyMap<string | undefined, string>> {
  try {
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    const sent = new Set(answer.Successful?.map(({ Id }) => Id));
    const codes = new Map(answer.Failed?.map(({ Id, Code }) => [Id, Code]));
    const unsent = Entries.filter(({ Id }) => !sent.has(Id));
    return new Map(unsent.map(({ Id }) => [Id, codes.get(Id) ?? 'no confirmation']));
  } catch (error) {
    throw sqsFailure(`SendMessageBatch ${QueueUrl}`, error);
  }
}

function refusedFailure(
  queueUrl: string,
  count: number,
  refused: ReadonlyMap<unknown, string>,
): Failure {
  const codes = [...new Set(refused.values())].join(', ');
  return new Failure(
    'internal',
    'temporary',
    `SQS SendMessageBatch ${queueUrl}: expected ${count} jobs to be taken, ${refused.size} were refused ${ATTEMPTS} times: ${codes}`,
  );
}
