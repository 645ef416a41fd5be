import { Construct } from 'constructs';

import type { StageParts } from './capability.ts';
import { JobFunction } from './job-function.ts';
import { JobQueue } from './job-queue.ts';
import {
  allowLedger,
  allowNotices,
  allowParking,
  allowReading,
  allowRemoving,
  allowSecrets,
  allowSending,
  allowSettings,
} from './permissions.ts';
import { stageMetric } from './stage-metric.ts';
import type { StageOptions } from './stage-options.ts';

export type DeliveringOptions = Pick<StageOptions, 'deliveryConcurrency' | 'ses'>;

/** Message after message streams through; the function waits for the server most of its time, and time is billed by memory. */
const STREAMING_MIB = 256;
/** SES takes a message as a whole: 40 MB of it stand in memory as octets, in base64, and as the request. */
const WHOLE_MESSAGES_MIB = 1024;

/** Hands mail over, parks what nobody takes, and removes what has reached its end. */
export class Delivering extends Construct {
  readonly jobs: JobQueue;
  readonly worker: JobFunction;

  constructor(scope: Construct, id: string, parts: StageParts, options: DeliveringOptions) {
    super(scope, id);
    this.jobs = new JobQueue(this, 'Jobs', 'deliver', parts.alerts);
    const memoryMiB = options.ses === null ? STREAMING_MIB : WHOLE_MESSAGES_MIB;
    this.worker = new JobFunction(this, 'Function', parts, { name: 'deliver', memoryMiB });
    const { role } = this.worker;
    const { bucket } = parts.mailStore;
    allowSettings(role, parts.stage);
    allowSecrets(role, parts.stage, '*');
    allowLedger(role, parts.ledger, ['items']);
    allowReading(role, bucket, ['Incoming', 'Failed']);
    allowParking(role, bucket);
    allowRemoving(role, bucket, 'Incoming');
    // Its copy goes when a retry brought it to everybody.
    allowRemoving(role, bucket, 'Failed');
    allowNotices(role, bucket);
    if (options.ses !== null) allowSending(role, options.ses);
    this.worker.feedFrom(this.jobs, options.deliveryConcurrency);
    this.#watch(parts);
  }

  #watch({ alerts, stage }: StageParts): void {
    alerts.watch(this, 'FailedGrowingAlarm', {
      meaning: 'mail failed for good or is held, and lies in Failed/.',
      entry: 'failedGrowing',
      metric: stageMetric(stage, 'Parked', { statistic: 'Sum', minutes: 15 }),
    });
    alerts.watch(this, 'DestinationDownAlarm', {
      meaning: 'the mail system does not take mail; all mail for it waits.',
      entry: 'destinationDown',
      // While it is down it is tried every quarter of an hour, time-outs added, as long as mail waits for it.
      metric: stageMetric(stage, 'DestinationDown', { statistic: 'Sum', minutes: 30 }),
    });
  }
}
