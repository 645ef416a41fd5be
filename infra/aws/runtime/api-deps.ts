import type { ApiDeps } from '../../../functions/api/routes.ts';
import { systemClock } from '../../../shared/clock.ts';
import { fetchJob, messageJob } from '../../../shared/queue/job-queue.ts';
import type { FetchJob } from '../../../shared/queue/job-queue.ts';
import { sqsSource } from '../../../shared/queue/sqs-queue.ts';
import { readEnvironment } from './config.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { stageLedger } from './ledger.ts';
import { stageMailStore } from './mail-store.ts';
import { sqsClient, stageSender } from './queues.ts';
import { stageSettings } from './settings.ts';

export function apiDeps(): ApiDeps & { readonly log: FunctionLog } {
  const clock = systemClock;
  const log = functionLog();
  const sqs = sqsClient();
  const { fetchQueue, routeQueue, deliverQueue } = readEnvironment(
    'fetchQueue',
    'routeQueue',
    'deliverQueue',
  );
  const { mailboxes, destinations, comparisons, settingsMemory } = stageLedger();
  const { settings } = stageSettings({ memory: settingsMemory, clock, log });
  return {
    settings,
    mailboxes,
    destinations,
    comparisons,
    store: stageMailStore(),
    fetchQueue: stageSender<FetchJob>(sqs, 'fetchQueue'),
    queues: {
      fetch: sqsSource(sqs, fetchQueue, fetchJob, clock),
      route: sqsSource(sqs, routeQueue, messageJob, clock),
      deliver: sqsSource(sqs, deliverQueue, messageJob, clock),
    },
    clock,
    log,
  };
}
