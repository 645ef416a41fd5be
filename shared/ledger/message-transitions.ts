import type { RecipientReply } from '../courier/courier.ts';
import { DESTINATION_PAUSES_MS, MAX_STARTS } from '../limits.ts';
import type { Decision } from '../routing/decision.ts';
import type { Transition } from './ledger.ts';
import type { FailureHistory, MessageItem, RecipientState } from './message-item.ts';

const NEW_ITEM: Omit<MessageItem, 'arrivedAt' | 'queuedAt'> = {
  decision: null,
  recipients: [],
  decidedAt: null,
  claim: null,
  starts: 0,
  deferrals: 0,
  nextDue: null,
  endedAt: null,
  seenAt: null,
  onServer: false,
  goneAt: null,
  copyRemovedAt: null,
  messageId: null,
  failure: null,
};

/** Every recipient has reached an end. A held message has none and is at its end when it is decided. */
export function isFinal(item: MessageItem): boolean {
  return item.decision !== null && item.recipients.every((one) => one.state !== 'waiting');
}

/**
 * Whether a copy has to lie in `Failed/`: somebody did not get it, or nobody was tried. Whatever a decision calls
 * itself: with no recipient at all the message is at its end, and must not leave `Incoming/` without a trace.
 */
export function needsFailedCopy(item: MessageItem): boolean {
  if (item.decision === null) return false;
  const nobodyTried = item.decision.outcome === 'held' || item.recipients.length === 0;
  return nobodyTried || item.recipients.some((one) => one.state === 'failed');
}

/** Whether its copy lies in `Failed/`, as far as the ledger knows. */
export function hasFailedCopy(item: MessageItem): boolean {
  return needsFailedCopy(item) && item.copyRemovedAt === null;
}

/** When giving up counts from: the decision, or the last retry. Milliseconds since the epoch. */
export function triedSince(item: MessageItem): number {
  return item.failure?.retriedAt ?? item.decidedAt ?? 0;
}

/** The record of a message without a UIDL: I1 wants it in the ledger before DELE. */
export function noteArrival(now: number): Transition<MessageItem, null> {
  return (item) => ({
    store: item === null ? { ...NEW_ITEM, arrivedAt: now, queuedAt: now } : null,
    answer: null,
  });
}

/**
 * The same bytes came again: what is remembered of them is kept longer. Renewed at most daily, to save writes.
 * @param stays the message stays on the server
 */
export function noteSighting(
  now: number,
  renewalMs: number,
  stays: boolean,
): Transition<MessageItem, null> {
  return (item) => {
    if (item === null) return { store: null, answer: null };
    const isFresh = item.seenAt !== null && now - item.seenAt < renewalMs;
    if (isFresh && item.onServer === stays) return { store: null, answer: null };
    const goneAt = item.onServer && !stays ? now : stays ? null : item.goneAt;
    return { store: { ...item, seenAt: now, onServer: stays, goneAt }, answer: null };
  };
}

/** It stays on the server: remembered as long as it is there. Comes before its decision, or after its end. */
export function noteKept(now: number): Transition<MessageItem, MessageItem> {
  return (item) => {
    const store = {
      ...(item ?? { ...NEW_ITEM, arrivedAt: now, queuedAt: now }),
      onServer: true,
      goneAt: null,
    };
    return { store: item?.onServer === true ? null : store, answer: store };
  };
}

/** It has left the server, or its DELE comes next. */
export function noteGone(now: number): Transition<MessageItem, null> {
  return (item) => ({
    store: item?.onServer === true ? { ...item, onServer: false, goneAt: now } : null,
    answer: null,
  });
}

/**
 * Stores the decision, create-only: who comes second gets the stored one and goes by it.
 * @param duplicates addresses (lower case) that another message already has or will deliver
 */
export function decideOnce(
  decision: Decision,
  duplicates: ReadonlySet<string>,
  times: {
    readonly arrivedAt: number;
    readonly now: number;
    readonly messageId?: string | null;
  },
): Transition<MessageItem, MessageItem> {
  return (item) => {
    if (item !== null && item.decision !== null) return { store: null, answer: item };
    const open = {
      ...NEW_ITEM,
      arrivedAt: item?.arrivedAt ?? times.arrivedAt,
      seenAt: item?.seenAt ?? null,
      onServer: item?.onServer ?? false,
      goneAt: item?.goneAt ?? null,
      messageId: times.messageId ?? null,
      decision,
      recipients: decidedRecipients(decision, duplicates),
      decidedAt: times.now,
      queuedAt: times.now,
    };
    const store = withEnd(open, times.now);
    return { store, answer: store };
  };
}

/** Everybody whom a decision names, waiting unless another message has or will deliver it. */
export function decidedRecipients(
  decision: Decision,
  duplicates: ReadonlySet<string>,
): RecipientState[] {
  return decision.recipients.map(({ address }) => ({
    address,
    state: duplicates.has(address.toLowerCase()) ? 'duplicate' : 'waiting',
    attempts: 0,
    reason: null,
    lastReply: null,
  }));
}

/** A job for it was put on a queue. */
export function noteQueued(now: number): Transition<MessageItem, null> {
  return (item) => ({ store: item === null ? null : { ...item, queuedAt: now }, answer: null });
}

export type ClaimAnswer = { readonly kind: 'claimed'; readonly item: MessageItem } | NoClaim;

/** Nothing is to be tried now. */
export type NoClaim =
  | { readonly kind: 'ended'; readonly item: MessageItem }
  | { readonly kind: 'undecided' }
  | { readonly kind: 'notYet'; readonly at: number };

/**
 * Claims the message for one delivery attempt. A live claim of somebody else, or a due time to come, puts the job
 * off until then. The start is counted here and cleared by any outcome, so what remains counts crashes (a host that
 * can tell takes back those that were not over the message): at {@link MAX_STARTS} the waiting recipients fail as `internal`,
 * lest one message takes the process down for ever.
 */
export function claimDelivery(claim: {
  readonly token: string;
  readonly until: number;
  readonly now: number;
}): Transition<MessageItem, ClaimAnswer> {
  return (item) => {
    if (item?.decision == null) return { store: null, answer: { kind: 'undecided' } };
    if (item.claim !== null && item.claim.until > claim.now && item.claim.token !== claim.token) {
      return { store: null, answer: { kind: 'notYet', at: item.claim.until } };
    }
    if (isFinal(item)) return { store: null, answer: { kind: 'ended', item } };
    if (item.nextDue !== null && item.nextDue > claim.now) {
      return { store: null, answer: { kind: 'notYet', at: item.nextDue } };
    }
    if (item.starts >= MAX_STARTS) {
      const store = failWaiting(item, 'internal', claim.now);
      return { store, answer: { kind: 'ended', item: store } };
    }
    const store = {
      ...item,
      claim: { token: claim.token, until: claim.until },
      starts: item.starts + 1,
    };
    return { store, answer: { kind: 'claimed', item: store } };
  };
}

/** Why nobody is tried now, and until when. */
export interface Withheld {
  readonly now: number;
  readonly until: number;
  readonly giveUpAfterMs: number;
  readonly host: string;
  /** What those are told of who are given up meanwhile. */
  readonly fault: string;
}

/**
 * Puts a message off without an attempt, since its destination is down: that counts as no attempt, and the gaps stay
 * short. The time to give up runs all the same, and the last word is then that the destination was down.
 */
export function withholdDelivery(withheld: Withheld): Transition<MessageItem, NoClaim> {
  const { now, until, giveUpAfterMs, fault, host } = withheld;
  return (item) => {
    if (item?.decision == null) return { store: null, answer: { kind: 'undecided' } };
    if (item.claim !== null && item.claim.until > now) {
      return { store: null, answer: { kind: 'notYet', at: item.claim.until } };
    }
    if (isFinal(item)) return { store: null, answer: { kind: 'ended', item } };
    if (item.nextDue !== null && item.nextDue > now) {
      return { store: null, answer: { kind: 'notYet', at: item.nextDue } };
    }
    const giveUpAt = triedSince(item) + giveUpAfterMs;
    if (now < giveUpAt) {
      const at = Math.min(until, giveUpAt);
      return { store: { ...item, nextDue: at }, answer: { kind: 'notYet', at } };
    }
    const lastReply = { code: null, enhancedCode: null, text: fault, host, at: now };
    const recipients = item.recipients.map((one) =>
      one.state === 'waiting' ? { ...one, lastReply } : one,
    );
    const store = failWaiting({ ...item, recipients }, 'expired', now);
    return { store, answer: { kind: 'ended', item: store } };
  };
}

/**
 * Writes down what the server said, in one write, before anything else happens.
 * `sent` is accepted from anybody, also from an attempt that lost its claim, and never overwritten: it is the one
 * fact that prevents a second copy. Every other word counts only from the holder of the claim.
 */
export function recordReplies(
  token: string,
  replies: readonly RecipientReply[],
  now: number,
): Transition<MessageItem, MessageItem | null> {
  return (item) => {
    if (item === null) return { store: null, answer: null };
    const byAddress = new Map(replies.map((reply) => [reply.address, reply]));
    const holdsClaim = item.claim?.token === token;
    const recipients = item.recipients.map((recipient) => {
      const reply = byAddress.get(recipient.address);
      return reply === undefined ? recipient : withReply(recipient, reply, holdsClaim, now);
    });
    const store = withEnd({ ...item, recipients }, now);
    return { store, answer: store };
  };
}

/** The attempt goes on with another group: it keeps its claim until then. Nothing without the claim. */
export function extendClaim(
  token: string,
  until: number,
): Transition<MessageItem, MessageItem | null> {
  return (item) => {
    if (item?.claim?.token !== token) return { store: null, answer: item };
    const store = { ...item, claim: { token, until } };
    return { store, answer: store };
  };
}

/** When those who still wait are tried again, and when they are given up. */
export interface RetryPlan {
  /** Milliseconds since the epoch; from then on nobody waits any longer. */
  readonly giveUpAt: number;
  /** Picks the next time from the number of deferrals so far. */
  readonly nextDue: (deferrals: number) => number;
}

/**
 * Ends an attempt: gives the claim back, clears the count of starts, and puts off those who wait, or gives them up.
 * @param isDown it met a destination that is down, which is nothing about this message: its gaps do not grow
 */
export function endAttempt(
  token: string,
  now: number,
  plan: RetryPlan,
  isDown = false,
): Transition<MessageItem, MessageItem | null> {
  return (item) => {
    if (item?.claim?.token !== token) return { store: null, answer: item };
    const ended = withEnd({ ...item, claim: null, starts: 0 }, now);
    const store = isFinal(ended) ? { ...ended, nextDue: null } : putOff(ended, now, plan, isDown);
    return { store, answer: store };
  };
}

/** Runs one transition after another as one write. */
export function inOneWrite<First, Second>(
  first: Transition<MessageItem, First>,
  second: Transition<MessageItem, Second>,
): Transition<MessageItem, Second> {
  return (item) => {
    const before = first(item).store;
    const after = second(before ?? item);
    return { store: after.store ?? before, answer: after.answer };
  };
}

function withReply(
  recipient: RecipientState,
  reply: RecipientReply,
  holdsClaim: boolean,
  now: number,
): RecipientState {
  if (recipient.state === 'sent') return recipient;
  if (reply.verdict !== 'sent' && (!holdsClaim || recipient.state !== 'waiting')) return recipient;
  const lastReply = {
    code: reply.code,
    enhancedCode: reply.enhancedCode,
    text: reply.text,
    host: reply.host,
    at: now,
  };
  const attempts = recipient.attempts + 1;
  switch (reply.verdict) {
    case 'sent':
      return { ...recipient, state: 'sent', reason: null, attempts, lastReply };
    case 'temporary':
      return { ...recipient, attempts, lastReply };
    case 'permanent':
      return { ...recipient, state: 'failed', reason: 'refused', attempts, lastReply };
  }
}

function putOff(item: MessageItem, now: number, plan: RetryPlan, isDown: boolean): MessageItem {
  if (now >= plan.giveUpAt) return failWaiting(item, 'expired', now);
  if (isDown) {
    const longest = now + Math.max(...DESTINATION_PAUSES_MS);
    return { ...item, nextDue: Math.min(plan.nextDue(item.deferrals), longest) };
  }
  return { ...item, deferrals: item.deferrals + 1, nextDue: plan.nextDue(item.deferrals) };
}

function failWaiting(item: MessageItem, reason: 'expired' | 'internal', now: number): MessageItem {
  const recipients = item.recipients.map((one) =>
    one.state === 'waiting' ? { ...one, state: 'failed' as const, reason } : one,
  );
  return withEnd({ ...item, recipients, claim: null, starts: 0, nextDue: null }, now);
}

export const NO_HISTORY: FailureHistory = { noticedAt: null, retriedAt: null, removedBy: null };

function withEnd(item: MessageItem, now: number): MessageItem {
  // Kept also when everybody got it in the end: it tells that a copy may lie in Failed/.
  const failure = item.failure ?? (needsFailedCopy(item) ? NO_HISTORY : null);
  const endedAt = isFinal(item) ? (item.endedAt ?? now) : item.endedAt;
  return { ...item, failure, endedAt };
}
