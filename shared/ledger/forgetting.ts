import type { MessageItem } from './message-item.ts';
import { isFinal, needsFailedCopy } from './message-transitions.ts';
import type { UidlRecord } from './uidl-record.ts';

/**
 * Since when nothing asks for an item any more: the latest of its end, its disappearance from the server, its last
 * sighting by bytes, and the removal of its copy in `Failed/`. It may be forgotten some time after that (a setting).
 * @returns milliseconds since the epoch; null while it is open, still on the server, or its copy lies in `Failed/`
 */
export function forgettableSince(item: MessageItem): number | null {
  if (item.endedAt === null || !isFinal(item) || item.onServer) return null;
  if (needsFailedCopy(item) && item.copyRemovedAt === null) return null;
  const { endedAt, goneAt, seenAt, copyRemovedAt } = item;
  return Math.max(endedAt, goneAt ?? 0, seenAt ?? 0, copyRemovedAt ?? 0);
}

/** Whether a UIDL is forgotten: a database that expires records by itself does so late. */
export function isForgotten({ goneAt }: UidlRecord, now: number, rememberMs: number): boolean {
  return goneAt !== null && goneAt + rememberMs <= now;
}

/** Port: drops what has been forgettable for long enough. Where the database expires records there is nothing to do. */
export interface Forgetting {
  forget(now: number): Promise<void>;
}

/** Where the database does it: DynamoDB's time to live. */
export const forgottenByItself: Forgetting = { forget: () => Promise.resolve() };
