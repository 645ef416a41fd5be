import { Construct } from 'constructs';

import type { StageParts } from './capability.ts';
import { JobFunction } from './job-function.ts';
import { JobQueue } from './job-queue.ts';
import { allowLedger, allowReading, allowSecrets, allowSettings } from './permissions.ts';

/** Batches of headers routed at once. */
const ROUTES_AT_ONCE = 10;

/** Decides who each message is for. Reads mail, and can neither write nor remove any. */
export class Routing extends Construct {
  readonly jobs: JobQueue;
  readonly worker: JobFunction;

  constructor(scope: Construct, id: string, parts: StageParts) {
    super(scope, id);
    this.jobs = new JobQueue(this, 'Jobs', 'route', parts.alerts);
    this.worker = new JobFunction(this, 'Function', parts, { name: 'route', memoryMiB: 256 });
    const { role } = this.worker;
    allowSettings(role, parts.stage);
    allowSecrets(role, parts.stage, 'mailferry-loop');
    allowLedger(role, parts.ledger, ['items']);
    allowReading(role, parts.mailStore.bucket, ['Incoming', 'Failed']);
    this.worker.feedFrom(this.jobs, ROUTES_AT_ONCE);
  }
}
