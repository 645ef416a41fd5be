import { isFinal } from '../../shared/ledger/message-transitions.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import type { Keep } from '../../shared/settings/settings.ts';

/**
 * Whether a message that is durable and recorded may be deleted on the server. One that failed for somebody is final
 * as well: its copy lies in `Failed/`.
 * @param item null: not decided yet
 */
export function mayDelete(
  keep: Keep,
  item: MessageItem | null,
  firstSeenAt: number,
  now: number,
): boolean {
  if (keep === 'none') return true;
  return deletableFrom(keep, firstSeenAt) <= now && item !== null && isFinal(item);
}

/** The earliest time, whatever becomes of the message; Infinity: never. */
export function deletableFrom(keep: Keep, firstSeenAt: number): number {
  if (keep === 'forever') return Infinity;
  return typeof keep === 'object' ? firstSeenAt + keep.ageMs : firstSeenAt;
}
