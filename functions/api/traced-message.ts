import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { isFinal, needsFailedCopy } from '../../shared/ledger/message-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import type { Area, MailStore } from '../../shared/store/mail-store.ts';
import { rebuiltItem } from './rebuilt-item.ts';
import { isoOrNull, recipientViews } from './recipient-view.ts';
import type { RecipientView } from './recipient-view.ts';

/** One message from fetch to the last server's reply. Times are ISO 8601; null: not so, or not yet. */
export interface TracedMessage {
  readonly key: string;
  readonly mailbox: string;
  readonly messageId: string | null;
  /**
   * `arrived`: not decided yet; `waiting`: some recipient waits; `failed`: some recipient failed for good; `held`;
   * `removed`: somebody removed it; `sent`; `duplicate`: everybody had it; `unknown`: neither ledger nor store knows it.
   */
  readonly state:
    'arrived' | 'waiting' | 'failed' | 'held' | 'removed' | 'sent' | 'duplicate' | 'unknown';
  /** Nothing about it changes by itself before `nextDue`. */
  readonly settled: boolean;
  readonly arrivedAt: string | null;
  readonly decidedAt: string | null;
  readonly outcome: Decision['outcome'] | null;
  readonly warnings: readonly string[];
  /** MAIL FROM; `''` for the null sender. */
  readonly mailFrom: string | null;
  readonly recipients: readonly RecipientView[];
  /** When those who wait are tried next. */
  readonly nextDue: string | null;
  readonly endedAt: string | null;
  readonly retriedAt: string | null;
  readonly noticedAt: string | null;
  /** Who removed the copy in `Failed/`, and when. */
  readonly removed: { readonly by: string; readonly at: string } | null;
  /** Where its octets lie; null: nowhere any more. */
  readonly stored: Area | null;
}

export async function tracedMessage(
  { store }: { readonly store: MailStore },
  key: MessageKey,
  item: MessageItem | null,
): Promise<TracedMessage> {
  const found = await store.find(key);
  const stored = found?.area ?? null;
  const known = await knownItem(store, key, item, stored);
  if (known?.decision != null) return decidedMessage(key, known, known.decision, stored);
  return undecided(key, stored, item?.arrivedAt ?? found?.storedAt ?? null);
}

/** Where the ledger has lost it, the report beside the copy tells. */
async function knownItem(
  store: MailStore,
  key: MessageKey,
  item: MessageItem | null,
  stored: Area | null,
): Promise<MessageItem | null> {
  if (item?.decision != null || stored !== 'Failed') return item;
  return rebuiltItem(await store.report(key)) ?? item;
}

function decidedMessage(
  key: MessageKey,
  item: MessageItem,
  decision: Decision,
  stored: Area | null,
): TracedMessage {
  const { failure, copyRemovedAt } = item;
  return {
    key: formatKey(key),
    mailbox: key.mailbox,
    messageId: item.messageId,
    state: stateOf(item),
    settled: isFinal(item) || (item.claim === null && item.nextDue !== null),
    arrivedAt: isoOrNull(item.arrivedAt),
    decidedAt: isoOrNull(item.decidedAt),
    outcome: decision.outcome,
    warnings: decision.warnings,
    mailFrom: decision.mailFrom,
    recipients: recipientViews(item),
    nextDue: isFinal(item) ? null : isoOrNull(item.nextDue ?? item.queuedAt),
    endedAt: isoOrNull(item.endedAt),
    retriedAt: isoOrNull(failure?.retriedAt ?? null),
    noticedAt: isoOrNull(failure?.noticedAt ?? null),
    removed:
      copyRemovedAt === null
        ? null
        : { by: failure?.removedBy ?? '', at: new Date(copyRemovedAt).toISOString() },
    stored,
  };
}

function stateOf(item: MessageItem): TracedMessage['state'] {
  if (!isFinal(item)) return 'waiting';
  if (item.copyRemovedAt !== null) return 'removed';
  if (item.decision?.outcome === 'held') return 'held';
  if (needsFailedCopy(item)) return 'failed';
  return item.recipients.some(({ state }) => state === 'sent') ? 'sent' : 'duplicate';
}

function undecided(key: MessageKey, stored: Area | null, arrivedAt: number | null): TracedMessage {
  return {
    key: formatKey(key),
    mailbox: key.mailbox,
    messageId: null,
    state: stored === null ? 'unknown' : 'arrived',
    settled: stored === null,
    arrivedAt: isoOrNull(arrivedAt),
    ...{ decidedAt: null, outcome: null, warnings: [], mailFrom: null, recipients: [] },
    ...{ nextDue: null, endedAt: null, retriedAt: null, noticedAt: null, removed: null },
    stored,
  };
}
