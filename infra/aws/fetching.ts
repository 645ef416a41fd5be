import { Construct } from 'constructs';

import type { StageParts } from './capability.ts';
import { JobFunction } from './job-function.ts';
import { JobQueue } from './job-queue.ts';
import {
  allowCreating,
  allowKeepingTokens,
  allowLedger,
  allowSecrets,
  allowSettings,
} from './permissions.ts';

/** Room for messages above the spool's memory limit; several may be under way. MiB. */
const SPOOL_MIB = 2048;

/** Takes mail off the providers. Creates mail in `Incoming/`, and cannot read, list or delete any. */
export class Fetching extends Construct {
  readonly jobs: JobQueue;

  /** @param atOnce mailboxes fetched at once */
  constructor(scope: Construct, id: string, parts: StageParts, atOnce: number) {
    super(scope, id);
    this.jobs = new JobQueue(this, 'Jobs', 'fetch', parts.alerts);
    // The memory buys processor time: what is fetched streams through.
    const options = { name: 'fetch', memoryMiB: 512, temporaryMiB: SPOOL_MIB } as const;
    const fetch = new JobFunction(this, 'Function', parts, options);
    allowSettings(fetch.role, parts.stage);
    allowSecrets(fetch.role, parts.stage, '*');
    allowKeepingTokens(fetch.role, parts.stage);
    allowLedger(fetch.role, parts.ledger, ['items', 'uidls']);
    allowCreating(fetch.role, parts.mailStore.bucket);
    fetch.tells(parts.alerts);
    fetch.feedFrom(this.jobs, atOnce);
  }
}
