import type { Decision } from '../routing/decision.ts';
import type { Transition } from './ledger.ts';
import type { FailureHistory, MessageItem, RecipientState } from './message-item.ts';
import { decidedRecipients, isFinal, needsFailedCopy, NO_HISTORY } from './message-transitions.ts';

/** Why somebody's order about a failed message was not carried out. */
export type Refusal =
  /** Neither the ledger nor the report beside the copy knows it. */
  | 'unknown'
  /** An attempt, or another order, is under way. */
  | 'busy'
  /** Recipients still wait: nothing is over. */
  | 'waiting'
  /** Nobody failed: everybody has it. */
  | 'ended'
  /** Held without an attempt: there is nobody to reset, it has to be routed anew. */
  | 'held'
  /** Somebody removed it. */
  | 'removed';

export type Order<Answer> = Answer | { readonly refused: Refusal };

export interface OrderTime {
  readonly now: number;
  /** The item as the report beside the copy tells it, for when the ledger has lost its own. */
  readonly rebuilt: MessageItem | null;
}

/**
 * Resets each recipient that is failed, and no other: those who have it keep it, those who wait go on waiting. Tried
 * again at once, and the time to give up begins anew. A second order finds nobody failed, and changes nothing.
 */
export function resetFailed({
  now,
  rebuilt,
}: OrderTime): Transition<MessageItem, Order<{ readonly item: MessageItem }>> {
  return (stored) => {
    const item = stored ?? rebuilt;
    const refused = refusalOf(item, now);
    if (item === null || refused !== null) return refuse(refused ?? 'unknown');
    if (item.decision?.outcome === 'held') return refuse('held');
    if (!item.recipients.some((one) => one.state === 'failed')) {
      return refuse(isFinal(item) ? 'ended' : 'waiting');
    }
    const recipients = item.recipients.map((one): RecipientState =>
      one.state === 'failed' ? { ...one, state: 'waiting', reason: null } : one,
    );
    const store = { ...reopened(item, now), recipients };
    return { store, answer: { item: store } };
  };
}

/**
 * Claims a message that ended without everybody's having it, so that it can be routed anew: no attempt and no other
 * order comes between. The claim expires by itself, and nothing has changed until {@link replaceDecision}.
 */
export function claimRerouting(
  claim: OrderTime & { readonly token: string; readonly until: number },
): Transition<MessageItem, Order<{ readonly item: MessageItem }>> {
  return (stored) => {
    const item = stored ?? claim.rebuilt;
    const refused = refusalOf(item, claim.now);
    if (item === null || refused !== null) return refuse(refused ?? 'unknown');
    if (!needsFailedCopy(item)) return refuse(isFinal(item) ? 'ended' : 'waiting');
    const store = { ...item, claim: { token: claim.token, until: claim.until } };
    return { store, answer: { item: store } };
  };
}

/** Gives the claim back without having changed anything. */
export function endRerouting(token: string): Transition<MessageItem, null> {
  return (item) => ({
    store: item?.claim?.token === token ? { ...item, claim: null } : null,
    answer: null,
  });
}

/**
 * The new decision in place of the old one. Whoever has the message keeps it, whether the new decision names him or
 * not; whoever failed or waited and is named no more is dropped.
 * @param duplicates addresses (lower case) that another message has or will deliver
 * @returns the new item; null when the claim was lost meanwhile
 */
export function replaceDecision(
  token: string,
  decision: Decision,
  duplicates: ReadonlySet<string>,
  now: number,
): Transition<MessageItem, MessageItem | null> {
  return (item) => {
    if (item?.claim?.token !== token) return { store: null, answer: null };
    const keepers = item.recipients.filter((one) => one.state === 'sent');
    const have = new Set(keepers.map((one) => one.address.toLowerCase()));
    const added = decidedRecipients(decision, duplicates).filter(
      (one) => !have.has(one.address.toLowerCase()),
    );
    const recipients = [...keepers, ...added];
    const next = { ...reopened(item, now), decision, recipients, decidedAt: now };
    const store = { ...next, endedAt: isFinal(next) ? now : null };
    return { store, answer: store };
  };
}

/** Somebody decided that it is not to be delivered any more. The record stays, the copy goes after this. */
export function markRemoved({
  now,
  rebuilt,
  by,
}: OrderTime & { readonly by: string }): Transition<
  MessageItem,
  Order<{ readonly item: MessageItem }>
> {
  return (stored) => {
    const item = stored ?? rebuilt;
    // Said again: the copy may still lie there, since the one who removed it died.
    if (item !== null && item.copyRemovedAt !== null) return { store: null, answer: { item } };
    const refused = refusalOf(item, now);
    if (item === null || refused !== null) return refuse(refused ?? 'unknown');
    if (!isFinal(item)) return refuse('waiting');
    if (!needsFailedCopy(item)) return refuse('ended');
    const failure = { ...historyOf(item), removedBy: by };
    const store = { ...item, failure, copyRemovedAt: now };
    return { store, answer: { item: store } };
  };
}

/** Puts back what the ledger had lost of a decided message; what it noted since then stays. */
export function restoreItem(rebuilt: MessageItem): Transition<MessageItem, null> {
  return (stored) => {
    if (stored !== null && stored.decision !== null) return { store: null, answer: null };
    const { seenAt, onServer, goneAt } = stored ?? rebuilt;
    return { store: { ...rebuilt, seenAt, onServer, goneAt }, answer: null };
  };
}

/** Failures up to `at` are told to people. */
export function noteNoticed(at: number): Transition<MessageItem, null> {
  return (item) => ({
    store: item === null ? null : { ...item, failure: { ...historyOf(item), noticedAt: at } },
    answer: null,
  });
}

function historyOf(item: MessageItem): FailureHistory {
  return item.failure ?? NO_HISTORY;
}

function reopened(item: MessageItem, now: number): MessageItem {
  return {
    ...item,
    ...{ claim: null, starts: 0, deferrals: 0, nextDue: null, endedAt: null },
    queuedAt: now,
    failure: { ...historyOf(item), retriedAt: now },
  };
}

function refusalOf(item: MessageItem | null, now: number): Refusal | null {
  if (item?.decision == null) return 'unknown';
  if (item.copyRemovedAt !== null) return 'removed';
  return item.claim !== null && item.claim.until > now ? 'busy' : null;
}

function refuse(refused: Refusal): {
  readonly store: null;
  readonly answer: { readonly refused: Refusal };
} {
  return { store: null, answer: { refused } };
}
