import { tmpdir } from 'node:os';

import type { SweepDeps } from '../../../functions/sweep/sweep.ts';
import { systemClock } from '../../../shared/clock.ts';
import { forgottenByItself } from '../../../shared/ledger/forgetting.ts';
import type { MessageJob } from '../../../shared/queue/job-queue.ts';
import { createSpool } from '../../../shared/store/spool-writer.ts';
import { readEnvironment } from './config.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { helloName } from './hello-name.ts';
import { stageLedger } from './ledger.ts';
import { stageMailStore } from './mail-store.ts';
import { sqsClient, stageSender } from './queues.ts';

export function sweepDeps(): SweepDeps & { readonly log: FunctionLog } {
  const sqs = sqsClient();
  const { stage } = readEnvironment('stage');
  const { messages, retries, causes } = stageLedger();
  return {
    store: stageMailStore(),
    messages,
    retries,
    causes,
    // Only notices are written here: they never grow into a file.
    newSpool: () => createSpool(tmpdir()),
    hostName: helloName(stage),
    forgetting: forgottenByItself,
    routeQueue: stageSender<MessageJob>(sqs, 'routeQueue'),
    deliverQueue: stageSender<MessageJob>(sqs, 'deliverQueue'),
    clock: systemClock,
    log: functionLog(),
  };
}
