import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { isFinal, needsFailedCopy } from '../../shared/ledger/message-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { DeliverDeps } from './deliver-message.ts';
import { failureReport } from './failure-report.ts';

/**
 * Does what a message's state asks of the store. A recipient that failed: a copy in `Failed/`, confirmed. Everybody
 * at an end: the object leaves `Incoming/`, and only after that copy (I2). Repeated, it repeats itself: the names
 * are the same. A message that is not in `Incoming/` any more was finished before.
 * @param transcript of the attempt that failed a recipient just now; null: the one that was written then stays
 */
export async function finishMessage(
  deps: DeliverDeps,
  key: MessageKey,
  item: MessageItem,
  transcript: readonly string[] | null,
): Promise<void> {
  const isParked = needsFailedCopy(item);
  if (isParked && !(await park(deps, key, item, transcript))) return;
  if (!isFinal(item)) return;
  await deps.store.remove('Incoming', key);
  deps.log.info('message finished', {
    message: formatKey(key),
    outcome: item.decision?.outcome,
    parked: isParked,
  });
}

/** @returns false when the message has left `Incoming/` already */
async function park(
  deps: DeliverDeps,
  key: MessageKey,
  item: MessageItem,
  transcript: readonly string[] | null,
): Promise<boolean> {
  const opened = await deps.store.open(key, 0);
  opened?.content.destroy();
  if (opened?.area !== 'Incoming') return false;
  const report = failureReport(key, item, opened.metadata, transcript, deps.clock.now());
  await deps.store.park(key, report);
  deps.log.warn('message parked in Failed/', {
    message: formatKey(key),
    reason: report.reason,
    explanation: report.explanation,
  });
  return true;
}
