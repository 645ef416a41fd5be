import type { Context, SQSBatchResponse } from 'aws-lambda';

import { deliverDeps } from '../../infra/aws/runtime/deliver-deps.ts';
import { jobOf } from '../../infra/aws/runtime/job-body.ts';
import { handleRecords } from '../../infra/aws/runtime/record-batch.ts';
import { DELIVERY_RESERVE_MS } from '../../infra/aws/timings.ts';
import { DELIVERY_ATTEMPT_MS } from '../../shared/limits.ts';
import { messageJob } from '../../shared/queue/job-queue.ts';
import { deliverMessage } from './deliver-message.ts';

const { newCourier, putOff, ...deps } = deliverDeps();
const { clock, log } = deps;
const jobsOf = jobOf(messageJob);

/** A batch of messages, one after the other over one session. */
export async function handler(event: unknown, context: Context): Promise<SQSBatchResponse> {
  log.invokedBy(context);
  const courier = newCourier();
  const { courierFor } = courier;
  try {
    return await handleRecords(event, {
      queue: 'deliver',
      jobsOf,
      handle: (job) => deliverMessage({ ...deps, courierFor }, job),
      putOff,
      order: 'inTurn',
      // An attempt that Lambda cuts off counts as a crash, and too many of them park the message.
      mayBegin: () =>
        context.getRemainingTimeInMillis() >= DELIVERY_ATTEMPT_MS + DELIVERY_RESERVE_MS,
      clock,
      log,
    });
  } finally {
    await courier.close();
  }
}
