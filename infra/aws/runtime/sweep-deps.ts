import { tmpdir } from 'node:os';

import type { SweepHostDeps } from '../../../functions/sweep/sweep-host.ts';
import { systemClock } from '../../../shared/clock.ts';
import { forgottenByItself } from '../../../shared/ledger/forgetting.ts';
import type { MessageJob } from '../../../shared/queue/job-queue.ts';
import { createSpool } from '../../../shared/store/spool-writer.ts';
import { readEnvironment } from './config.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { functionMetrics } from './function-metrics.ts';
import { helloName } from './hello-name.ts';
import { stageLedger } from './ledger.ts';
import { stageMailStore } from './mail-store.ts';
import { sqsClient, stageSender } from './queues.ts';
import { stageSettings } from './settings.ts';

export function sweepDeps(): SweepHostDeps & { readonly log: FunctionLog } {
  const clock = systemClock;
  const log = functionLog();
  const sqs = sqsClient();
  const { stage } = readEnvironment('stage');
  const { settingsMemory, ...ledger } = stageLedger(() => settings.read());
  const { settings } = stageSettings({ memory: settingsMemory, clock, log });
  return {
    ...ledger,
    settings,
    store: stageMailStore(),
    metrics: functionMetrics(stage),
    // Only notices are written here: they never grow into a file.
    newSpool: () => createSpool(tmpdir()),
    hostName: helloName(stage),
    forgetting: forgottenByItself,
    routeQueue: stageSender<MessageJob>(sqs, 'routeQueue'),
    deliverQueue: stageSender<MessageJob>(sqs, 'deliverQueue'),
    clock,
    log,
  };
}
