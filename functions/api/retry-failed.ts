import type { Clock } from '../../shared/clock.ts';
import type { RetryLedger } from '../../shared/ledger/failed-ledger.ts';
import { resetFailed } from '../../shared/ledger/failed-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { JobSender, MessageJob } from '../../shared/queue/job-queue.ts';
import { findFailed, listFailed } from './failed-mail.ts';
import type { FailedFilter, FailedMail, FailedMailDeps } from './failed-mail.ts';
import { doneResult, refusedBecause, refusedResult } from './order-result.ts';
import type { OrderResult } from './order-result.ts';
import { rerouteFailed } from './reroute-failed.ts';
import type { RerouteDeps } from './reroute-failed.ts';

export interface RetryDeps extends FailedMailDeps, RerouteDeps {
  readonly retries: RetryLedger;
  readonly deliverQueue: JobSender<MessageJob>;
  readonly clock: Clock;
}

export interface RetryOrder {
  /** None: all that the filter means. */
  readonly keys: readonly string[];
  readonly filter: FailedFilter;
  /** `kept`: by the decision as it was made; `current`: routed anew. */
  readonly rules: 'kept' | 'current';
  /** Tells what would be done, and does nothing. */
  readonly dryRun: boolean;
}

/**
 * Tries failed mail again, from `Failed/`: each recipient that is failed, and nobody who has it. Safe to repeat, and to
 * die in at any point: the retry is written down first (the sweep goes by it), then the item is reset, then the
 * delivery is queued. The copy in `Failed/` goes when everybody has the message.
 * @throws Failure `settings`, permanent, for a key that names no failed message
 */
export async function retryFailed(
  deps: RetryDeps,
  order: RetryOrder,
): Promise<readonly OrderResult[]> {
  const results: OrderResult[] = [];
  for (const mail of await chosenMail(deps, order)) {
    results.push(
      order.rules === 'current'
        ? await rerouteFailed(deps, mail, order.dryRun)
        : await retryOne(deps, mail, order.dryRun),
    );
  }
  return results;
}

/** @returns what keys name, else what the filter means */
export function chosenMail(
  deps: FailedMailDeps,
  { keys, filter, dryRun }: Pick<RetryOrder, 'keys' | 'filter' | 'dryRun'>,
): Promise<readonly FailedMail[]> {
  return keys.length > 0 ? findFailed(deps, keys) : listFailed(deps, filter, !dryRun);
}

async function retryOne(
  deps: RetryDeps,
  { key, item }: FailedMail,
  dryRun: boolean,
): Promise<OrderResult> {
  const now = deps.clock.now();
  const transition = resetFailed({ now, rebuilt: item });
  // Looked at before anything is written: most orders that are refused change nothing at all.
  const expected = transition(item).answer;
  if ('refused' in expected) return refusedResult(key, expected.refused);
  const failed = (item?.recipients ?? []).filter(({ state }) => state === 'failed');
  const recipients = failed.map(({ address }) => address);
  if ((await deps.store.find(key)) === null)
    return refusedBecause(key, 'its copy in Failed/ is gone');
  if (dryRun) return doneResult(key, recipients);
  await deps.retries.begin(key, now);
  const answer = await deps.messages.change(key, transition);
  // Somebody was faster; the sweep drops what was written down for this one.
  if ('refused' in answer) return refusedResult(key, answer.refused);
  deps.log.info('failed message is tried again', {
    message: formatKey(key),
    recipients: recipients.length,
  });
  await deps.deliverQueue.send([{ mailbox: key.mailbox, sha256: key.sha256 }]);
  return doneResult(key, recipients);
}
