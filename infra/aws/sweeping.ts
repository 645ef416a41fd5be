import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

import { OLD_MAIL_MS } from '../../shared/limits.ts';
import type { StageParts } from './capability.ts';
import { JobFunction } from './job-function.ts';
import type { JobQueue } from './job-queue.ts';
import {
  allowFailedIndex,
  allowLedger,
  allowNotices,
  allowParking,
  allowReading,
  allowRemoving,
  allowSettings,
} from './permissions.ts';
import { stageMetric } from './stage-metric.ts';
import { Tick } from './tick.ts';

const SWEEP_MINUTES = 15;

/** Finds what fell between two steps, and what differs between `Failed/` and the ledger. */
export class Sweeping extends Construct {
  constructor(scope: Construct, id: string, parts: StageParts, jobs: readonly JobQueue[]) {
    super(scope, id);
    const sweep = new JobFunction(this, 'Function', parts, { name: 'sweep', memoryMiB: 256 });
    const { role } = sweep;
    const { bucket } = parts.mailStore;
    allowSettings(role, parts.stage);
    allowLedger(role, parts.ledger, ['items', 'lists']);
    allowFailedIndex(role, parts.ledger);
    allowReading(role, bucket, ['Incoming', 'Failed']);
    allowParking(role, bucket);
    allowRemoving(role, bucket, 'Incoming');
    allowRemoving(role, bucket, 'Failed');
    allowNotices(role, bucket);
    sweep.sendsTo(...jobs);
    new Tick(this, 'Tick', sweep, SWEEP_MINUTES);
    this.#watch(parts);
  }

  #watch({ alerts, stage }: StageParts): void {
    alerts.watch(this, 'OldestOpenAlarm', {
      meaning: `the oldest mail in Incoming/ has waited for more than ${OLD_MAIL_MS / 3_600_000} hours.`,
      entry: 'oldestOpen',
      metric: stageMetric(stage, 'OldestOpenSeconds', { statistic: 'Maximum', minutes: 15 }),
      threshold: OLD_MAIL_MS / 1000,
      periods: 2,
      // Said by the alarm of the sweep itself.
      missing: TreatMissingData.IGNORE,
    });
    alerts.watch(this, 'DifferenceAlarm', {
      meaning: 'the sweep found a difference between Failed/ and the ledger, and repaired it.',
      entry: 'difference',
      metric: stageMetric(stage, 'SweepDifferences', { statistic: 'Sum', minutes: 15 }),
    });
    alerts.watch(this, 'NoSweepAlarm', {
      meaning: 'nothing was heard of the sweep for an hour.',
      entry: 'noSweep',
      // Each sweep publishes it when it has done its work.
      metric: stageMetric(stage, 'OldestOpenSeconds', { statistic: 'SampleCount', minutes: 60 }),
      threshold: 1,
      rings: 'below',
      missing: TreatMissingData.BREACHING,
    });
  }
}
