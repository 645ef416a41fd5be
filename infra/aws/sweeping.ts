import { Construct } from 'constructs';

import type { StageParts } from './capability.ts';
import { JobFunction } from './job-function.ts';
import type { JobQueue } from './job-queue.ts';
import { allowLedger, allowListing, allowNotices } from './permissions.ts';
import { Tick } from './tick.ts';

const SWEEP_MINUTES = 15;

/** Finds what fell between two steps. Sees what lies there and what is known of it. */
export class Sweeping extends Construct {
  constructor(scope: Construct, id: string, parts: StageParts, jobs: readonly JobQueue[]) {
    super(scope, id);
    const sweep = new JobFunction(this, 'Function', parts, { name: 'sweep', memoryMiB: 256 });
    allowLedger(sweep.role, parts.ledger, ['items', 'lists']);
    allowListing(sweep.role, parts.mailStore.bucket);
    allowNotices(sweep.role, parts.mailStore.bucket);
    sweep.sendsTo(...jobs);
    new Tick(this, 'Tick', sweep, SWEEP_MINUTES);
  }
}
