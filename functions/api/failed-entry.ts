import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { isFinal, needsFailedCopy } from '../../shared/ledger/message-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { explainFailure, failureReason } from '../deliver/failure-report.ts';
import { isoOrNull, recipientViews } from './recipient-view.ts';
import type { RecipientView } from './recipient-view.ts';

/** One message in `Failed/`. Times are ISO 8601. */
export interface FailedEntry {
  readonly key: string;
  readonly mailbox: string;
  /**
   * `retrying`: it is tried again just now, or waits for that; `ended`: everybody has it, or somebody removed it;
   * `unknown`: neither ledger nor report tells of it.
   */
  readonly state: 'failed' | 'held' | 'retrying' | 'ended' | 'unknown';
  /** `refused`, `expired`, `internal`, `held`; null while it is tried again. */
  readonly reason: string | null;
  /** In words. */
  readonly explanation: string;
  /** When it failed. */
  readonly failedAt: string;
  readonly arrivedAt: string | null;
  /** When it is tried next; null: not by itself. */
  readonly nextDue: string | null;
  readonly messageId: string | null;
  /** `''` for the null sender, null where it is not known. */
  readonly mailFrom: string | null;
  readonly recipients: readonly RecipientView[];
}

/** Whether a copy in `Failed/` has no business there any more: everybody has it, or somebody removed it. */
export function hasEnded(item: MessageItem): boolean {
  return isFinal(item) && (!needsFailedCopy(item) || item.copyRemovedAt !== null);
}

/** @param storedAt when the copy was stored, milliseconds since the epoch */
export function failedEntry(
  key: MessageKey,
  item: MessageItem | null,
  storedAt: number,
): FailedEntry {
  if (item?.decision == null) return unknownEntry(key, storedAt);
  const state = stateOf(item);
  return {
    key: formatKey(key),
    mailbox: key.mailbox,
    state,
    reason: state === 'failed' || state === 'held' ? failureReason(item) : null,
    explanation: explain(item, state),
    failedAt: new Date(failedAt(item) ?? storedAt).toISOString(),
    arrivedAt: isoOrNull(item.arrivedAt),
    nextDue: isFinal(item) ? null : isoOrNull(item.nextDue ?? item.queuedAt),
    messageId: item.messageId,
    mailFrom: item.decision.mailFrom,
    recipients: recipientViews(item),
  };
}

function explain(item: MessageItem, state: FailedEntry['state']): string {
  if (state === 'retrying') return 'is tried again';
  if (state !== 'ended') return explainFailure(item);
  const removedAt = isoOrNull(item.copyRemovedAt);
  if (removedAt === null) return 'everybody has it';
  return `removed by ${item.failure?.removedBy ?? 'somebody'} at ${removedAt}`;
}

function stateOf(item: MessageItem): FailedEntry['state'] {
  if (hasEnded(item)) return 'ended';
  if (item.decision?.outcome === 'held') return 'held';
  return needsFailedCopy(item) ? 'failed' : 'retrying';
}

/** The latest failure: what `--since` asks for. */
function failedAt({ recipients, endedAt }: MessageItem): number | null {
  const times = recipients.flatMap(({ state, reason, lastReply }) =>
    state === 'failed' && reason === 'refused' && lastReply !== null ? [lastReply.at] : [],
  );
  return endedAt ?? (times.length === 0 ? null : Math.max(...times));
}

function unknownEntry(key: MessageKey, storedAt: number): FailedEntry {
  return {
    key: formatKey(key),
    mailbox: key.mailbox,
    state: 'unknown',
    reason: null,
    explanation: 'neither the ledger nor a report beside it tells of this message',
    failedAt: new Date(storedAt).toISOString(),
    ...{ arrivedAt: null, nextDue: null, messageId: null, mailFrom: null, recipients: [] },
  };
}
