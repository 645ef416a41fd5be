import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';

import type { DeliverDeps } from '../../../functions/deliver/deliver-message.ts';
import { DestinationGate } from '../../../functions/deliver/destination-gate.ts';
import { systemClock } from '../../../shared/clock.ts';
import { CurrentCourier } from '../../../shared/courier/current-courier.ts';
import { nothingInHand } from '../../../shared/ledger/in-hand.ts';
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
import { sqsPutOff } from './visibility.ts';
import type { PutOff } from './visibility.ts';

/** What lives as long as the function, and a courier for each invocation. */
export interface StageDeliverDeps extends Omit<DeliverDeps, 'courierFor'> {
  readonly log: FunctionLog;
  readonly putOff: PutOff;
  readonly newCourier: () => InvocationCourier;
}

/**
 * A courier's sessions end with the invocation: between two, Lambda stops the process for any time, and a session
 * that slept comes back dead. Connections at once are the event source's concurrency, hence one here.
 */
export interface InvocationCourier extends Pick<DeliverDeps, 'courierFor'> {
  close(): Promise<void>;
}

export function deliverDeps(): StageDeliverDeps {
  const clock = systemClock;
  const log = functionLog();
  const sqs = sqsClient();
  const { stage, deliverQueue } = readEnvironment('stage', 'deliverQueue');
  const metrics = functionMetrics(stage);
  const { messages, retries, causes, destinations, settingsMemory } = stageLedger(() =>
    settings.read(),
  );
  const { settings, secrets } = stageSettings({
    memory: settingsMemory,
    clock,
    log,
    addressKey: true,
  });
  return {
    settings,
    store: stageMailStore(),
    messages,
    retries,
    causes,
    destinations,
    inHand: nothingInHand,
    destination: new DestinationGate({
      ledger: destinations,
      ...{ newToken: randomUUID, clock, log, metrics },
    }),
    metrics,
    routeQueue: stageSender<MessageJob>(sqs, 'routeQueue'),
    putOff: sqsPutOff(sqs, deliverQueue),
    newCourier: () => {
      const courier = new CurrentCourier({ secrets, helloName: helloName(stage), clock, log });
      return {
        courierFor: (delivery) => courier.for({ ...delivery, concurrency: 1 }),
        close: () => courier.close(),
      };
    },
    // Only notices are written here: they never grow into a file.
    newSpool: () => createSpool(tmpdir()),
    hostName: helloName(stage),
    newToken: randomUUID,
    random: Math.random,
    clock,
    log,
  };
}
