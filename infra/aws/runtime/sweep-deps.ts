import type { SweepDeps } from '../../../functions/sweep/sweep.ts';
import { systemClock } from '../../../shared/clock.ts';
import { forgottenByItself } from '../../../shared/ledger/forgetting.ts';
import type { MessageJob } from '../../../shared/queue/job-queue.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { stageLedger } from './ledger.ts';
import { stageMailStore } from './mail-store.ts';
import { sqsClient, stageSender } from './queues.ts';

export function sweepDeps(): SweepDeps & { readonly log: FunctionLog } {
  const sqs = sqsClient();
  return {
    store: stageMailStore(),
    messages: stageLedger().messages,
    forgetting: forgottenByItself,
    routeQueue: stageSender<MessageJob>(sqs, 'routeQueue'),
    deliverQueue: stageSender<MessageJob>(sqs, 'deliverQueue'),
    clock: systemClock,
    log: functionLog(),
  };
}
