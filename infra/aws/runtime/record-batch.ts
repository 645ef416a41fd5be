import type { SQSBatchResponse } from 'aws-lambda';

import type { Clock } from '../../../shared/clock.ts';
import { asFailure } from '../../../shared/failure.ts';
import type { Log } from '../../../shared/observe/log.ts';
import { aboutJob, DONE } from '../../../shared/queue/job-queue.ts';
import type { JobOutcome } from '../../../shared/queue/job-queue.ts';
import { visibilitySeconds } from '../../../shared/queue/sqs-visibility.ts';
import { UnreadableBody } from './job-body.ts';
import { recordsOf } from './record-event.ts';
import type { QueueRecord } from './record-event.ts';
import type { PutOff } from './visibility.ts';

export interface RecordBatch<Job> {
  /** For the log. */
  readonly queue: string;
  /** The jobs in a message's body. @throws UnreadableBody */
  readonly jobsOf: (body: string) => readonly Job[];
  readonly handle: (job: Job) => Promise<JobOutcome>;
  /** Null: what comes again comes when the queue's own visibility ends. */
  readonly putOff: PutOff | null;
  /** `together`: all records at once; `inTurn`: one after the other, while {@link mayBegin} says so. */
  readonly order: 'together' | 'inTurn';
  /**
   * False: too little time is left for another record; those not begun go back to the queue at once. Not asked for the
   * first: where a whole invocation is too short, all would go back for ever, and nothing would be done.
   */
  readonly mayBegin?: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

const AGAIN = 'job failed, comes again';

/** What threw comes again after this, times its receives, up to an hour. Milliseconds. */
const FAULT_PAUSE_MS = 30_000;
const FAULT_PAUSE_MAX_MS = 3_600_000;
/** A body that nobody can read: at this pace its receives are used up within a day, and the dead-letter queue has it. */
const UNREADABLE_PAUSE_MS = 60_000;

/**
 * One invocation: each record is worked on by itself, and only those that are to come again are reported back. What
 * one record does never touches another (I7).
 * @throws Failure `internal` when the event is not one of an SQS event source
 */
export async function handleRecords<Job>(
  event: unknown,
  batch: RecordBatch<Job>,
): Promise<SQSBatchResponse> {
  const records = recordsOf(event);
  const begun = batch.clock.now();
  const first = records[0];
  const work = (record: QueueRecord) => handleRecord(record, batch, begun, record === first);
  const isOver: boolean[] = [];
  if (batch.order === 'together') {
    isOver.push(...(await Promise.all(records.map(work))));
  } else {
    for (const record of records) isOver.push(await work(record));
  }
  const again = records.filter((_, index) => isOver[index] !== true);
  return { batchItemFailures: again.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

/** @returns whether the record is done with */
async function handleRecord<Job>(
  record: QueueRecord,
  batch: RecordBatch<Job>,
  begun: number,
  isFirst: boolean,
): Promise<boolean> {
  const { clock, log, queue } = batch;
  if (!isFirst && batch.mayBegin?.() === false) {
    await putOff(record, batch, 0, begun);
    return false;
  }
  try {
    const outcome = await handleJobs(batch.jobsOf(record.body), batch);
    if (outcome.kind === 'done') return true;
    await putOff(record, batch, outcome.at - clock.now(), begun);
  } catch (error) {
    const { kind, message } = asFailure(error);
    const pause = faultPause(error, record.attributes.ApproximateReceiveCount);
    // Which message or mailbox it was, its own line has said; what cannot be read has none.
    if (error instanceof UnreadableBody) log.error(AGAIN, { queue, kind, error: message });
    await putOff(record, batch, pause, begun);
  }
  return false;
}

/** Several jobs in one body end as one: the first fault is thrown when all were tried, else the earliest time counts. */
async function handleJobs<Job>(
  jobs: readonly Job[],
  { handle, queue, log }: RecordBatch<Job>,
): Promise<JobOutcome> {
  const faults: unknown[] = [];
  let outcome: JobOutcome = DONE;
  for (const job of jobs) {
    try {
      const one = await handle(job);
      if (one.kind === 'done') continue;
      outcome = outcome.kind === 'later' && outcome.at < one.at ? outcome : one;
    } catch (error) {
      const { kind, message } = asFailure(error);
      log.error(AGAIN, { queue, ...aboutJob(job), kind, error: message });
      faults.push(error);
    }
  }
  if (faults.length > 0) throw faults[0];
  return outcome;
}

function faultPause(error: unknown, receives: number): number {
  if (error instanceof UnreadableBody) return UNREADABLE_PAUSE_MS;
  return Math.min(FAULT_PAUSE_MS * Math.max(1, receives), FAULT_PAUSE_MAX_MS);
}

/** Where this fails, the record is reported all the same, and comes back when the queue's own visibility ends. */
async function putOff<Job>(
  record: QueueRecord,
  batch: RecordBatch<Job>,
  delayMs: number,
  begun: number,
): Promise<void> {
  if (batch.putOff === null) return;
  const held = batch.clock.now() - receivedAt(record, begun);
  try {
    await batch.putOff(record.receiptHandle, visibilitySeconds(delayMs, held));
  } catch (error) {
    const { message } = asFailure(error);
    batch.log.warn('visibility not changed', { queue: batch.queue, error: message });
  }
}

/** The event tells the time of the first receive only; of a later one, that it came just before this invocation. */
function receivedAt(record: QueueRecord, begun: number): number {
  const { ApproximateReceiveCount: receives, ApproximateFirstReceiveTimestamp: first } =
    record.attributes;
  return receives <= 1 ? Math.min(first, begun) : begun;
}
