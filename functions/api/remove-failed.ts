import type { Clock } from '../../shared/clock.ts';
import { markRemoved } from '../../shared/ledger/failed-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { JobSender, MessageJob } from '../../shared/queue/job-queue.ts';
import type { FailedFilter, FailedMail, FailedMailDeps } from './failed-mail.ts';
import { doneResult, refusedResult } from './order-result.ts';
import type { OrderResult } from './order-result.ts';
import { chosenMail } from './retry-failed.ts';

export interface RemoveDeps extends FailedMailDeps {
  readonly deliverQueue: JobSender<MessageJob>;
  readonly clock: Clock;
}

export interface RemoveOrder {
  /** None: all that the filter means. */
  readonly keys: readonly string[];
  readonly filter: FailedFilter;
  /** Who said so; kept with the message's record. */
  readonly by: string;
  readonly dryRun: boolean;
}

/**
 * Removes failed mail for good. Who and when is written down first, then the copy goes: died in between, the message
 * counts as removed, and the next list or removal takes the copy away. Nothing of a message that somebody still waits
 * for.
 * @throws Failure `settings`, permanent, for a key that names no failed message
 */
export async function removeFailed(
  deps: RemoveDeps,
  order: RemoveOrder,
): Promise<readonly OrderResult[]> {
  const results: OrderResult[] = [];
  for (const mail of await chosenMail(deps, order))
    results.push(await removeOne(deps, mail, order));
  return results;
}

async function removeOne(
  deps: RemoveDeps,
  { key, item }: FailedMail,
  { by, dryRun }: RemoveOrder,
): Promise<OrderResult> {
  if (item !== null) {
    const transition = markRemoved({ now: deps.clock.now(), rebuilt: item, by });
    const answer = dryRun ? transition(item).answer : await deps.messages.change(key, transition);
    if ('refused' in answer) return refusedResult(key, answer.refused);
  }
  const failed = (item?.recipients ?? []).filter(({ state }) => state === 'failed');
  const done = doneResult(
    key,
    failed.map(({ address }) => address),
  );
  if (dryRun) return done;
  deps.log.warn('failed message removed', { message: formatKey(key), by });
  await deps.store.remove('Failed', key);
  // The step that takes it out of Incoming/ may have died; delivery does it then.
  await deps.deliverQueue.send([{ mailbox: key.mailbox, sha256: key.sha256 }]);
  return done;
}
