/**
 * Times and sizes that the stack sets and the running functions count on: said once, for both.
 */
export const FUNCTION_NAMES = ['dispatch', 'fetch', 'route', 'deliver', 'sweep', 'api'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

export const QUEUE_NAMES = ['fetch', 'route', 'deliver'] as const;
/** Each queue feeds the function of its name. */
export type QueueName = (typeof QUEUE_NAMES)[number];

/**
 * Time limit of each function. 900 is Lambda's most: a POP3 run takes what it gets, and one attempt to deliver may take
 * 14 minutes (`DELIVERY_ATTEMPT_MS`). Seconds.
 */
export const FUNCTION_SECONDS: Readonly<Record<FunctionName, number>> = {
  dispatch: 60,
  fetch: 900,
  route: 60,
  deliver: 900,
  sweep: 300,
  // API Gateway gives up after 30.
  api: 29,
};

/**
 * A job stays hidden for so many times its function's limit: Lambda asks for 6, since it retries an invocation that was
 * throttled with the batch still in hand.
 */
const VISIBILITY_FACTOR = 6;

export function hiddenSeconds(queue: QueueName): number {
  return VISIBILITY_FACTOR * FUNCTION_SECONDS[queue];
}

/**
 * Receives before a job goes to the dead-letter queue, far above those after which the application ends a retry itself:
 * what gets there is a job that nobody can read, or one that kills its function every time. Route and deliver: 17
 * attempts in 5 days, and SQS takes no more than 1000. Fetch: the second receive finds the job too old and drops it.
 */
export const MAX_RECEIVES: Readonly<Record<QueueName, number>> = {
  fetch: 10,
  route: 1000,
  deliver: 1000,
};

/** SQS's most. Days. */
export const RETENTION_DAYS = 14;

/**
 * Jobs in one invocation. Fetch: one mailbox, so that a slow provider holds up nobody else. Route and deliver: ten, the
 * most that one receive and one delete carry, so that a message costs at most 1.5 SQS requests.
 */
export const BATCH_SIZE: Readonly<Record<QueueName, number>> = { fetch: 1, route: 10, deliver: 10 };

/** How long Lambda waits for a batch to fill. Seconds. */
export const BATCH_WINDOW_SECONDS: Readonly<Record<QueueName, number>> = {
  fetch: 0,
  route: 1,
  deliver: 1,
};

/** A fetch run ends so long before Lambda ends the process: its result still has to reach the ledger. Milliseconds. */
export const FETCH_RESERVE_MS = 20_000;

/** What an attempt to deliver needs beside its own 14 minutes: the claim before, the ledger and store after. Milliseconds. */
export const DELIVERY_RESERVE_MS = 20_000;
