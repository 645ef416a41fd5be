import { randomUUID } from 'node:crypto';

import type { ApiDeps } from '../../../functions/api/routes.ts';
import { systemClock } from '../../../shared/clock.ts';
import { fetchJob, messageJob } from '../../../shared/queue/job-queue.ts';
import type { FetchJob, MessageJob } from '../../../shared/queue/job-queue.ts';
import { sqsSource } from '../../../shared/queue/sqs-queue.ts';
import { readEnvironment } from './config.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { helloName } from './hello-name.ts';
import { stageLedger } from './ledger.ts';
import { readLoopKey } from './loop-key.ts';
import { stageMailStore } from './mail-store.ts';
import { sqsClient, stageSender } from './queues.ts';
import { stageSettings } from './settings.ts';

export function apiDeps(): ApiDeps & { readonly log: FunctionLog } {
  const clock = systemClock;
  const log = functionLog();
  const sqs = sqsClient();
  const { stage, fetchQueue, routeQueue, deliverQueue } = readEnvironment(
    'stage',
    'fetchQueue',
    'routeQueue',
    'deliverQueue',
  );
  const { settingsMemory, ...ledger } = stageLedger(() => settings.read());
  const { settings, secrets } = stageSettings({
    memory: settingsMemory,
    clock,
    log,
    addressKey: true,
  });
  return {
    settings,
    ...ledger,
    readLoopKey: () => readLoopKey(secrets),
    hostName: helloName(stage),
    newToken: randomUUID,
    // Its role may not read what lies in Incoming/.
    store: stageMailStore(['Failed']),
    fetchQueue: stageSender<FetchJob>(sqs, 'fetchQueue'),
    deliverQueue: stageSender<MessageJob>(sqs, 'deliverQueue'),
    queues: {
      fetch: sqsSource(sqs, fetchQueue, fetchJob, clock),
      route: sqsSource(sqs, routeQueue, messageJob, clock),
      deliver: sqsSource(sqs, deliverQueue, messageJob, clock),
    },
    clock,
    log,
  };
}
