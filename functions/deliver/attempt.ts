import type { Courier, HandOver, Parcel } from '../../shared/courier/courier.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import type { InHand } from '../../shared/ledger/in-hand.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import {
  endAttempt,
  extendClaim,
  inOneWrite,
  recordReplies,
} from '../../shared/ledger/message-transitions.ts';
import type { RetryPlan } from '../../shared/ledger/message-transitions.ts';
import { CLAIM_GRACE_MS, DELIVERY_ATTEMPT_MS } from '../../shared/limits.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import { openEdited } from '../../shared/store/edited-message.ts';
import type { DeliverDeps } from './deliver-message.ts';
import type { Passage } from './destination-gate.ts';
import { logHandOver } from './mail-log.ts';

export interface ClaimedMessage {
  readonly token: string;
  readonly item: MessageItem;
  readonly plan: RetryPlan;
  readonly passage: Passage;
}

export interface AttemptResult {
  readonly item: MessageItem;
  readonly transcript: readonly string[] | null;
}

/**
 * One attempt for all who wait, in groups of as many as the courier and the server take at once. The replies of each group are
 * written before the next begins, for which the claim is extended; the last write also ends the attempt. A fault on our
 * side (the store cannot be read) ends it as a deferral: nobody was refused.
 */
export async function attemptDelivery(
  deps: DeliverDeps,
  courier: Courier,
  key: MessageKey,
  claimed: ClaimedMessage,
): Promise<AttemptResult> {
  const waiting = claimed.item.recipients.filter((one) => one.state === 'waiting');
  const addresses = waiting.map((one) => one.address);
  const groups = inGroups(addresses, courier.recipientsAtOnce);
  const transcript: string[] = [];
  let item = claimed.item;
  for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
    let handOver: HandOver;
    try {
      handOver = await handOverOnce(deps, courier, key, claimed.item, group);
    } catch (error) {
      deps.log.error('delivery could not begin', {
        message: formatKey(key),
        error: asFailure(error).message,
      });
      return { item: await putOff(deps, key, claimed), transcript: null };
    }
    transcript.push(...handOver.transcript);
    if (handOver.divisible) {
      // Nothing to write down yet: each of them is told what becomes of him alone.
      groups.unshift(...inGroups(group, 1));
      await keepClaim(deps, key, claimed);
      continue;
    }
    const crowded = overTheLimit(handOver);
    if (crowded.length > 0) groups.unshift([...crowded]);
    // Whoever is left of a message to very many waits with the others when the destination is down.
    if (handOver.destination === 'down') groups.length = 0;
    const replies = handOver.replies.filter(({ address }) => !crowded.includes(address));
    const settled = { ...handOver, replies };
    try {
      item = await record(deps, key, claimed, settled, groups.length === 0);
    } finally {
      // Also where the ledger did not take it: the server's words are the only trace of a copy that comes twice.
      logHandOver(deps.log, key, settled, item);
    }
    await claimed.passage.tell(handOver);
  }
  return { item, transcript };
}

/**
 * Whom the server put off only since the transaction had enough recipients: another one follows at once, as long as
 * each brings somebody the mail. None while nobody gets any: then they wait as the server said.
 */
function overTheLimit({ destination, replies, crowdedOut }: HandOver): readonly string[] {
  const isWorthIt = destination === 'works' && replies.some(({ verdict }) => verdict === 'sent');
  return isWorthIt ? crowdedOut : [];
}

async function handOverOnce(
  deps: DeliverDeps,
  courier: Courier,
  key: MessageKey,
  item: MessageItem,
  recipients: readonly string[],
): Promise<HandOver> {
  const decision = decisionOf(item, key);
  const opened = await deps.store.open(key);
  if (opened === null) {
    throw new Failure(
      'store',
      'temporary',
      `delivering ${formatKey(key)}: expected the message in Incoming/ or Failed/, found it in neither`,
    );
  }
  try {
    const { size, content } = await withInHand(deps.inHand, key, () =>
      openEdited(opened, decision.edits),
    );
    return await courier.deliver({
      id: key.sha256,
      size,
      content: () => streamInHand(deps.inHand, key, content()),
      envelope: { mailFrom: decision.mailFrom, recipients },
      eightBit: opened.metadata.eightBit,
    });
  } finally {
    // Not read at all when every recipient was refused.
    opened.content.destroy();
  }
}

/** Reading and editing the header: here a message could take the process down. */
async function withInHand<Result>(
  inHand: InHand,
  key: MessageKey,
  work: () => Promise<Result>,
): Promise<Result> {
  inHand.begun(key);
  try {
    return await work();
  } finally {
    inHand.ended(key);
  }
}

type Content = ReturnType<Parcel['content']>;

/** The same while the content flows; no longer while the server thinks about it. */
function streamInHand(inHand: InHand, key: MessageKey, content: Content): Content {
  inHand.begun(key);
  return content.once('close', () => {
    inHand.ended(key);
  });
}

async function record(
  deps: DeliverDeps,
  key: MessageKey,
  { token, plan }: ClaimedMessage,
  handOver: HandOver,
  isLast: boolean,
): Promise<MessageItem> {
  const now = deps.clock.now();
  const isDown = handOver.destination === 'down';
  const then = isLast ? endAttempt(token, now, plan, isDown) : extendClaim(token, claimEnd(now));
  const write = inOneWrite(recordReplies(token, handOver.replies, now), then);
  return present(await deps.messages.change(key, write), key);
}

/** Another group follows, and takes its time. */
async function keepClaim(
  deps: DeliverDeps,
  key: MessageKey,
  { token }: ClaimedMessage,
): Promise<void> {
  await deps.messages.change(key, extendClaim(token, claimEnd(deps.clock.now())));
}

function claimEnd(now: number): number {
  return now + DELIVERY_ATTEMPT_MS + CLAIM_GRACE_MS;
}

async function putOff(
  deps: DeliverDeps,
  key: MessageKey,
  { token, plan }: ClaimedMessage,
): Promise<MessageItem> {
  const ended = await deps.messages.change(key, endAttempt(token, deps.clock.now(), plan));
  return present(ended, key);
}

function decisionOf(item: MessageItem, key: MessageKey): Decision {
  if (item.decision !== null) return item.decision;
  throw new Failure(
    'internal',
    'permanent',
    `delivering ${formatKey(key)}: claimed without a decision`,
  );
}

function present(item: MessageItem | null, key: MessageKey): MessageItem {
  if (item !== null) return item;
  throw new Failure(
    'ledger',
    'temporary',
    `the ledger lost ${formatKey(key)} while it was delivered`,
  );
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  const groups: Item[][] = [];
  for (let start = 0; start < items.length; start += size) {
    groups.push(items.slice(start, start + size));
  }
  return groups;
}
