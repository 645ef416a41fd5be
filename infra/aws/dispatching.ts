import { Construct } from 'constructs';

import type { StageParts } from './capability.ts';
import { JobFunction } from './job-function.ts';
import type { JobQueue } from './job-queue.ts';
import { allowLedger, allowSettings } from './permissions.ts';
import { Tick } from './tick.ts';

const TICK_MINUTES = 1;

/** Sees every minute which mailboxes are due, and queues a fetch for each. */
export class Dispatching extends Construct {
  constructor(scope: Construct, id: string, parts: StageParts, fetchJobs: JobQueue) {
    super(scope, id);
    const dispatch = new JobFunction(this, 'Function', parts, { name: 'dispatch', memoryMiB: 256 });
    allowSettings(dispatch.role, parts.stage);
    allowLedger(dispatch.role, parts.ledger, ['items']);
    dispatch.sendsTo(fetchJobs);
    new Tick(this, 'Tick', dispatch, TICK_MINUTES);
  }
}
