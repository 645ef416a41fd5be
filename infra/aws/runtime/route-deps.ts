import type { RouteDeps } from '../../../functions/route/route-message.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { MessageJob } from '../../../shared/queue/job-queue.ts';
import type { Secrets } from '../../../shared/settings/settings.ts';
import { readEnvironment } from './config.ts';
import { functionLog } from './function-log.ts';
import type { FunctionLog } from './function-log.ts';
import { stageLedger } from './ledger.ts';
import { stageMailStore } from './mail-store.ts';
import { sqsClient, stageSender } from './queues.ts';
import { stageSettings } from './settings.ts';
import { helloName } from './hello-name.ts';
import { sqsPutOff } from './visibility.ts';
import type { PutOff } from './visibility.ts';

/** All but the loop key, which is a secret that is read when it is needed. */
export type StageRouteDeps = Omit<RouteDeps, 'loopKey'> & {
  readonly log: FunctionLog;
  readonly secrets: Secrets;
  readonly putOff: PutOff;
};

export function routeDeps(): StageRouteDeps {
  const clock = systemClock;
  const log = functionLog();
  const sqs = sqsClient();
  const { stage, routeQueue } = readEnvironment('stage', 'routeQueue');
  const { messages, duplicates, settingsMemory } = stageLedger(() => configured.settings.read());
  const configured = stageSettings({ memory: settingsMemory, clock, log, addressKey: true });
  return {
    ...configured,
    store: stageMailStore(),
    messages,
    duplicates,
    deliverQueue: stageSender<MessageJob>(sqs, 'deliverQueue'),
    putOff: sqsPutOff(sqs, routeQueue),
    clock,
    log,
    hostName: helloName(stage),
  };
}
