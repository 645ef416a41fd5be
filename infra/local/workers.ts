import { deliverMessage } from '../../functions/deliver/deliver-message.ts';
import { fetchMailbox } from '../../functions/fetch/fetch-mailbox.ts';
import { routeMessage } from '../../functions/route/route-message.ts';
import type { FetchProgress } from '../../shared/ledger/mailbox-record.ts';
import { FETCH_JOB_MAX_AGE_MS } from '../../shared/limits.ts';
import { DONE } from '../../shared/queue/job-queue.ts';
import type { FetchJob, JobOutcome } from '../../shared/queue/job-queue.ts';
import type { Embedded } from './embedded.ts';
import { Worker } from './worker.ts';

/** Mailboxes fetched at once: a few slow providers hold up nobody else. */
const MAILBOXES_AT_ONCE = 8;
/** Routing waits for the disk only: many at once share one commit. */
const ROUTED_AT_ONCE = 32;
/** Longer than any run; the folder's one owner frees its jobs at the next start, so nothing waits for this. */
const VISIBILITY_MS = 6 * 3_600_000;

export interface Workers {
  readonly fetch: Worker<FetchJob>;
  readonly route: Worker<{ mailbox: string; sha256: string }>;
  readonly deliver: Worker<{ mailbox: string; sha256: string }>;
}

/**
 * The three worker loops.
 * @param closing fires at shutdown: fetch runs then end early, cleanly
 */
export async function makeWorkers(embedded: Embedded, closing: AbortSignal): Promise<Workers> {
  const { deps, queues } = embedded;
  const common = { visibilityMs: VISIBILITY_MS, now: () => deps.clock.now(), log: deps.log };
  let deliveries = (await deps.settings.read()).general.delivery.concurrency;

  const fetchOne = async (job: FetchJob): Promise<JobOutcome> => {
    if (deps.clock.now() - job.queuedAt > FETCH_JOB_MAX_AGE_MS) return DONE;
    const { mailbox, queuedAt } = job;
    const onProgress = (progress: FetchProgress): void => {
      embedded.progress.set(mailbox, progress);
    };
    const run = { closing, deadline: null, queuedAt, onProgress };
    await fetchMailbox(deps, mailbox, run).finally(() => embedded.progress.delete(mailbox));
    return DONE;
  };
  const workers = {
    fetch: new Worker({
      ...common,
      name: 'fetch',
      source: queues.fetch,
      handle: fetchOne,
      concurrency: () => MAILBOXES_AT_ONCE,
    }),
    route: new Worker({
      ...common,
      name: 'route',
      source: queues.route,
      handle: (key) => routeMessage(deps, key),
      concurrency: () => ROUTED_AT_ONCE,
    }),
    deliver: new Worker({
      ...common,
      name: 'deliver',
      source: queues.deliver,
      handle: async (key) => {
        deliveries = (await deps.settings.read()).general.delivery.concurrency;
        return deliverMessage(deps, key);
      },
      concurrency: () => deliveries,
    }),
  };
  queues.fetch.onSent(() => {
    workers.fetch.wake();
  });
  queues.route.onSent(() => {
    workers.route.wake();
  });
  queues.deliver.onSent(() => {
    workers.deliver.wake();
  });
  return workers;
}
