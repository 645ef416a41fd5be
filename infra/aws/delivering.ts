import { Construct } from 'constructs';

import type { StageParts } from './capability.ts';
import { JobFunction } from './job-function.ts';
import { JobQueue } from './job-queue.ts';
import {
  allowLedger,
  allowReading,
  allowRemoving,
  allowSecrets,
  allowSettings,
  allowWriting,
} from './permissions.ts';

/** Hands mail over, parks what nobody takes, and removes what has reached its end. */
export class Delivering extends Construct {
  readonly jobs: JobQueue;
  readonly worker: JobFunction;

  /** @param atOnce connections at once to the destination */
  constructor(scope: Construct, id: string, parts: StageParts, atOnce: number) {
    super(scope, id);
    this.jobs = new JobQueue(this, 'Jobs', 'deliver', parts.alerts);
    this.worker = new JobFunction(this, 'Function', parts, { name: 'deliver', memoryMiB: 512 });
    const { role } = this.worker;
    const { bucket } = parts.mailStore;
    allowSettings(role, parts.stage);
    allowSecrets(role, parts.stage, '*');
    allowLedger(role, parts.ledger, ['items']);
    allowReading(role, bucket, ['Incoming', 'Failed']);
    allowWriting(role, bucket, 'Failed');
    allowRemoving(role, bucket, 'Incoming');
    this.worker.feedFrom(this.jobs, atOnce);
  }
}
