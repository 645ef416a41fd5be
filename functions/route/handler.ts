import type { Context, SQSBatchResponse } from 'aws-lambda';

import { routeJobsOf } from '../../infra/aws/runtime/job-body.ts';
import { handleRecords } from '../../infra/aws/runtime/record-batch.ts';
import { routeDeps } from '../../infra/aws/runtime/route-deps.ts';
import { readLoopKey } from '../../infra/aws/runtime/loop-key.ts';
import { SharedSend } from '../../infra/aws/runtime/shared-send.ts';
import { DONE } from '../../shared/queue/job-queue.ts';
import type { JobOutcome, MessageJob } from '../../shared/queue/job-queue.ts';
import { routeMessage } from './route-message.ts';

const { putOff, secrets, ...deps } = routeDeps();
const { clock, log } = deps;

/** A batch of new messages, from S3's notifications and from the sweep. */
export function handler(event: unknown, context: Context): Promise<SQSBatchResponse> {
  log.invokedBy(context);
  const deliverQueue = new SharedSend(deps.deliverQueue);
  const handle = (job: MessageJob): Promise<JobOutcome> =>
    deliverQueue.during(async () => {
      const loopKey = await readLoopKey(secrets);
      await routeMessage({ ...deps, deliverQueue, loopKey }, job);
      // A message that has to wait for its mailbox's entry is left to the sweep, which queues it again every 15
      // minutes in any case: put off here as well, it would have one more job after each sweep.
      return DONE;
    });
  const jobsOf = routeJobsOf;
  return handleRecords(event, {
    queue: 'route',
    jobsOf,
    handle,
    putOff,
    order: 'together',
    clock,
    log,
  });
}
