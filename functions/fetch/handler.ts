import type { Context, SQSBatchResponse } from 'aws-lambda';

import { fetchDeps } from '../../infra/aws/runtime/fetch-deps.ts';
import { jobOf } from '../../infra/aws/runtime/job-body.ts';
import { handleRecords } from '../../infra/aws/runtime/record-batch.ts';
import { FETCH_RESERVE_MS } from '../../infra/aws/timings.ts';
import { FETCH_JOB_MAX_AGE_MS } from '../../shared/limits.ts';
import { DONE, fetchJob } from '../../shared/queue/job-queue.ts';
import type { FetchJob, JobOutcome } from '../../shared/queue/job-queue.ts';
import { fetchMailbox } from './fetch-mailbox.ts';

const deps = fetchDeps();
const { clock, log } = deps;

/** One mailbox. Only a fault of ledger or store is thrown; the job is then too old when it comes again, and dropped. */
export function handler(event: unknown, context: Context): Promise<SQSBatchResponse> {
  log.invokedBy(context);
  const deadline = clock.now() + context.getRemainingTimeInMillis() - FETCH_RESERVE_MS;
  // Lambda tells nobody that it is about to end a process: there is nothing to listen to.
  const closing = new AbortController().signal;
  const handle = async (job: FetchJob): Promise<JobOutcome> => {
    if (clock.now() - job.queuedAt > FETCH_JOB_MAX_AGE_MS) return DONE;
    await fetchMailbox(deps, job.mailbox, { closing, deadline, queuedAt: job.queuedAt });
    return DONE;
  };
  const jobsOf = jobOf(fetchJob);
  return handleRecords(event, {
    queue: 'fetch',
    jobsOf,
    handle,
    putOff: null,
    order: 'inTurn',
    clock,
    log,
  });
}
