import * as z from 'zod';

import { formatKey } from '../mail/message-key.ts';
import type { LogFields } from '../observe/log.ts';

/**
 * Jobs are pointers, never mail. The schema stands here once, for the side that sends and the side that receives.
 */
export const fetchJob = z.object({
  mailbox: z.string(),
  /** Milliseconds since the epoch; a fetch job older than two minutes is dropped, the next tick makes a new one. */
  queuedAt: z.number(),
});
export const messageJob = z.object({ mailbox: z.string(), sha256: z.string() });

export type FetchJob = z.infer<typeof fetchJob>;
/** For route and for deliver: the key of the message. */
export type MessageJob = z.infer<typeof messageJob>;

/**
 * Port: puts jobs on a queue. Durable when it resolves. Jobs arrive at least once, in no order.
 * Receiving is the host's business (an event source on AWS, a worker loop here), not a use case's.
 */
export interface JobSender<Job> {
  send(jobs: readonly Job[]): Promise<void>;
}

/**
 * What a use case tells the host about the job in hand. A thrown error means: no outcome, again soon.
 * `later`: the same job again at that time (ms since the epoch), never by sending a new one.
 */
export type JobOutcome =
  { readonly kind: 'done' } | { readonly kind: 'later'; readonly at: number };

export const DONE: JobOutcome = { kind: 'done' };

export interface ReceivedJob<Job> {
  readonly receipt: string;
  readonly job: Job;
  /** How often it was received, this time included. */
  readonly receiveCount: number;
}

/**
 * Port of the embedded host's worker loop, shaped as SQS so that the contract suite can hold both to it:
 * a received job is hidden until its visibility ends, then it comes again.
 */
export interface JobSource<Job> {
  /** Up to `max` jobs that are due; hidden for `visibilityMs`. Empty when there is none. */
  receive(max: number, visibilityMs: number): Promise<readonly ReceivedJob<Job>[]>;
  done(receipt: string): Promise<void>;
  /** Shows the job again `delayMs` from now (SQS: ChangeMessageVisibility, 43 200 s at most from the receive). */
  retry(receipt: string, delayMs: number): Promise<void>;
  /** Jobs that wait or are in flight. */
  depth(): Promise<QueueDepth>;
}

export interface QueueDepth {
  /** Due now, and not in flight. */
  readonly ready: number;
  readonly inFlight: number;
  /** Due later. */
  readonly delayed: number;
}

/** What a line of the log about a job says of it: whatever is told of one message or mailbox is found by its key. */
export function aboutJob(job: unknown): LogFields {
  const message = messageJob.safeParse(job);
  if (message.success) return { message: formatKey(message.data) };
  const fetch = fetchJob.safeParse(job);
  return fetch.success ? { mailbox: fetch.data.mailbox } : {};
}
