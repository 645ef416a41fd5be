import type { RetryLedger, RetryUnderWay } from '../../shared/ledger/failed-ledger.ts';
import type { Forgetting } from '../../shared/ledger/forgetting.ts';
import type { MessageLedger } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { isFinal, noteQueued } from '../../shared/ledger/message-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { JobSender, MessageJob } from '../../shared/queue/job-queue.ts';
import type { ListedMessage } from '../../shared/store/mail-store.ts';
import { batches } from './batches.ts';
import { tellCauses } from './tell-causes.ts';
import type { TellCausesDeps } from './tell-causes.ts';

export interface SweepDeps extends TellCausesDeps {
  readonly messages: MessageLedger;
  readonly forgetting: Forgetting;
  readonly retries: RetryLedger;
  readonly routeQueue: JobSender<MessageJob>;
  readonly deliverQueue: JobSender<MessageJob>;
}

export interface SweepResult {
  /** All that lies in `Incoming/`. */
  readonly open: number;
  readonly requeued: number;
  /** When the oldest of them arrived, milliseconds since the epoch; null when there is none. */
  readonly oldestAt: number | null;
}

/** Messages looked up in the ledger at once: the size of a DynamoDB batch read. */
const BATCH = 100;

/**
 * Finds what fell between two steps (a lost event, a crash, an expired job) and queues it again (I3). Re-queuing is
 * harmless: every step asks the ledger what is left to do. Drops what is past remembering, too.
 * @param graceMs how long a message may lie without a live job; 0 at the start of the embedded host, whose dead
 * predecessor holds nothing any more
 */
export async function sweep(deps: SweepDeps, graceMs: number): Promise<SweepResult> {
  let open = 0;
  let requeued = 0;
  let oldestAt: number | null = null;
  for await (const batch of batches(deps.store.list('Incoming'), BATCH)) {
    open += batch.length;
    for (const { storedAt } of batch) oldestAt = Math.min(oldestAt ?? storedAt, storedAt);
    requeued += await requeueStuck(deps, batch, graceMs);
  }
  requeued += await requeueRetries(deps, graceMs);
  await deps.forgetting.forget(deps.clock.now());
  await tellCauses(deps, false);
  if (requeued > 0) deps.log.warn('sweep queued messages again', { open, requeued });
  return { open, requeued, oldestAt };
}

async function requeueStuck(
  deps: SweepDeps,
  batch: readonly ListedMessage[],
  graceMs: number,
): Promise<number> {
  const items = await deps.messages.find(batch.map(({ key }) => key));
  const now = deps.clock.now();
  const toRoute: MessageJob[] = [];
  const toDeliver: MessageJob[] = [];
  for (const { key, storedAt } of batch) {
    const item = items.get(formatKey(key)) ?? null;
    if (stuckSince(item, storedAt, now) + graceMs > now) continue;
    (item?.decision == null ? toRoute : toDeliver).push(key);
  }
  await deps.routeQueue.send(toRoute);
  await deps.deliverQueue.send(toDeliver);
  const requeued: MessageKey[] = [...toRoute, ...toDeliver];
  await Promise.all(requeued.map((key) => deps.messages.change(key, noteQueued(now))));
  return requeued.length;
}

/**
 * Failed messages that are tried again lie in `Failed/` alone: those that nobody holds are queued, also one that has
 * ended and was not finished. A retry that never came to its reset is dropped: its message is failed, as it was.
 */
async function requeueRetries(deps: SweepDeps, graceMs: number): Promise<number> {
  const retries = await deps.retries.underWay();
  const items = await deps.messages.find(retries.map(({ key }) => key));
  const now = deps.clock.now();
  const toDeliver: MessageJob[] = [];
  for (const { key, at } of retries) {
    const item = items.get(formatKey(key)) ?? null;
    if (stuckSince(item, at, now) + graceMs > now) continue;
    if (wasReset(item, at)) toDeliver.push(key);
    else await deps.retries.end(key, at);
  }
  await deps.deliverQueue.send(toDeliver);
  await Promise.all(toDeliver.map((key) => deps.messages.change(key, noteQueued(now))));
  return toDeliver.length;
}

function wasReset(item: MessageItem | null, at: RetryUnderWay['at']): boolean {
  if (item === null) return false;
  return !isFinal(item) || (item.failure?.retriedAt ?? 0) >= at;
}

/** Since when nothing holds the message; in the future while something does. */
function stuckSince(item: MessageItem | null, storedAt: number, now: number): number {
  if (item === null) return storedAt;
  if (item.claim !== null && item.claim.until > now) return item.claim.until;
  if (isFinal(item)) return Math.max(item.endedAt ?? 0, item.queuedAt);
  return Math.max(item.nextDue ?? 0, item.queuedAt);
}
