import type { Template } from 'aws-cdk-lib/assertions';

import { BATCH_SIZE } from '../../../infra/aws/timings.ts';
import { sum, times } from './bill.ts';
import type { Usage } from './price-table.ts';
import type { BilledFunction, Recorded } from './stage-functions.ts';
import { MAILBOXES } from './story.ts';
import type { Story } from './story.ts';
import { usageOf } from './usage.ts';

/**
 * How long an invocation takes at AWS, and each message in it, seconds. Assumed: nothing was measured in a real account,
 * and this machine's waiting is an emulator's. Two parts: round trips to a provider and a mail server 25 to 40 ms away,
 * to DynamoDB 5 ms and to S3 20 ms; and processor time, which was measured here for a message of 50 KB (fetch 3 ms, route
 * 6 ms, deliver 9 ms of one core), times what the function's memory leaves of a core (1,769 MiB are one).
 */
export const ASSUMED_SECONDS = {
  dispatch: { call: 0.1, message: 0 },
  // Login, listing and QUIT, some 10 round trips; then several RETR at once beside the uploads.
  fetch: { call: 1.5, message: 0.03 },
  // A batch is read together, so that only its processor time adds up.
  route: { call: 0.05, message: 0.04 },
  // A session with TLS and login a batch; then message after message.
  deliver: { call: 0.3, message: 0.14 },
  sweep: { call: 0.5, message: 0 },
} as const satisfies Readonly<Record<BilledFunction, { call: number; message: number }>>;

/** Lambda's own lines of an invocation (START, END, REPORT), with CloudWatch's overhead. Octets. */
const LAMBDA_LINES = 400;

/** With a maximum concurrency an event source keeps 5 pollers, and each asks for 20 s. Source: Lambda developer guide. */
const POLLS_A_MINUTE = 5 * 3;
const QUEUES = 3;

const DAYS = 30;
const MINUTES = DAYS * 24 * 60;
const POLL_MINUTES = 5;
const SWEEP_MINUTES = 15;

export interface Sizes {
  readonly memoryMiB: ReadonlyMap<BilledFunction, number>;
  readonly alarms: number;
}

/** What the template says that is paid for by size or number. */
export function sizesOf(template: Template): Sizes {
  const functions = Object.values(template.findResources('AWS::Lambda::Function')) as {
    readonly Properties: { readonly Description: string; readonly MemorySize: number };
  }[];
  return {
    memoryMiB: new Map(
      functions.map(({ Properties: { Description: words, MemorySize: size } }) => [
        words.slice(words.lastIndexOf(' ') + 1) as BilledFunction,
        size,
      ]),
    ),
    alarms: Object.keys(template.findResources('AWS::CloudWatch::Alarm')).length,
  };
}

/** A message, all that it causes. */
export function usageOfMessage(recorded: Recorded, messages: number, sizes: Sizes): Usage {
  const batches = (recorded.calls.get('route') ?? 0) + (recorded.calls.get('deliver') ?? 0);
  // What S3 sends; then a receive and a delete for each batch of the two queues.
  const byAws: Usage = { sqs: messages + 2 * batches };
  return times(sum(usageOfCalls(recorded, messages, sizes), byAws), 1 / messages);
}

/** A month in which nothing arrives. */
export function usageOfIdleMonth(story: Story, sizes: Sizes): Usage {
  const polls = (MINUTES / POLL_MINUTES) * MAILBOXES.length;
  const sweeps = MINUTES / SWEEP_MINUTES;
  const metrics = new Set(
    [story.inBulk, story.tick, story.polls, story.sweep].flatMap(({ log }) => [...log.metrics]),
  );
  // A job's send; its receive and delete.
  const fetchJobs: Usage = { sqs: polls * (1 / BATCH_SIZE.fetch) * 3 };
  return sum(
    times(usageOfCalls(story.polls, 0, sizes), polls / MAILBOXES.length),
    times(usageOfCalls(story.tick, 0, sizes), MINUTES),
    times(usageOfCalls(story.sweep, 0, sizes), sweeps),
    fetchJobs,
    { sqs: QUEUES * POLLS_A_MINUTE * MINUTES, scheduler: MINUTES + sweeps },
    { alarms: sizes.alarms, metrics: metrics.size },
  );
}

function usageOfCalls(recorded: Recorded, messages: number, { memoryMiB }: Sizes): Usage {
  let [calls, gigabyteSeconds] = [0, 0];
  for (const [name, count] of recorded.calls) {
    const { call, message } = ASSUMED_SECONDS[name];
    const seconds = count * call + messages * message;
    calls += count;
    gigabyteSeconds += (seconds * (memoryMiB.get(name) ?? Number.NaN)) / 1024;
  }
  return sum(usageOf(recorded.count), {
    lambdaCalls: calls,
    lambdaTime: gigabyteSeconds,
    logs: recorded.log.octets + calls * LAMBDA_LINES,
  });
}
