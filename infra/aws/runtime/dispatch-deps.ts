import type { DispatchDeps } from '../../../functions/dispatch/dispatch.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { FetchJob } from '../../../shared/queue/job-queue.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { stageLedger } from './ledger.ts';
import { sqsClient, stageSender } from './queues.ts';
import { stageSettings } from './settings.ts';

export function dispatchDeps(): DispatchDeps & { readonly log: FunctionLog } {
  const clock = systemClock;
  const log = functionLog();
  const { mailboxes, settingsMemory } = stageLedger();
  const { settings } = stageSettings({ memory: settingsMemory, clock, log });
  const fetchQueue = stageSender<FetchJob>(sqsClient(), 'fetchQueue');
  return { settings, mailboxes, fetchQueue, clock, log };
}
