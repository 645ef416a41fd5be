import type { NewToken, Random } from '../../shared/clock.ts';
import type { Courier } from '../../shared/courier/courier.ts';
import type { InHand } from '../../shared/ledger/in-hand.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import type { NoClaim } from '../../shared/ledger/message-transitions.ts';
import {
  claimDelivery,
  isFinal,
  triedSince,
  withholdDelivery,
} from '../../shared/ledger/message-transitions.ts';
import { CLAIM_GRACE_MS, DELIVERY_ATTEMPT_MS } from '../../shared/limits.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { DONE } from '../../shared/queue/job-queue.ts';
import type { JobOutcome, JobSender, MessageJob } from '../../shared/queue/job-queue.ts';
import type { DeliverySettings } from '../../shared/settings/settings.ts';
import { attemptDelivery } from './attempt.ts';
import type { ClaimedMessage } from './attempt.ts';
import type { DestinationGate, Withholding } from './destination-gate.ts';
import { finishMessage } from './finish.ts';
import type { FinishDeps } from './finish.ts';
import { nextAttempt } from './retry-gaps.ts';

export interface DeliverDeps extends FinishDeps {
  readonly inHand: InHand;
  /** Kept by the host, so that one delivery finds out for all. */
  readonly destination: DestinationGate;
  /** The courier for the destination as it is configured now; kept by the host, so that sessions are reused. */
  readonly courierFor: (delivery: DeliverySettings) => Courier;
  readonly routeQueue: JobSender<MessageJob>;
  readonly random: Random;
  readonly newToken: NewToken;
}

/**
 * Brings one message as far as it goes now: claims it, hands it to the courier for those who wait, records each
 * reply, and finishes it when everybody has reached an end. May run twice, also at the same time: who comes second
 * finds the claim, the due time or the end. While the destination is down nobody is tried.
 */
export async function deliverMessage(deps: DeliverDeps, key: MessageKey): Promise<JobOutcome> {
  // Before the claim: settings that cannot be read are no start that crashed, and must not park the message.
  const { delivery } = (await deps.settings.read()).general;
  const admission = await deps.destination.enter(delivery);
  if (!('passage' in admission)) return withhold(deps, delivery, key, admission);
  const { passage } = admission;
  try {
    const token = deps.newToken();
    const now = deps.clock.now();
    const until = now + DELIVERY_ATTEMPT_MS + CLAIM_GRACE_MS;
    const claim = await deps.messages.change(key, claimDelivery({ token, until, now }));
    if (claim.kind !== 'claimed') return await withoutAttempt(deps, key, claim);
    return await deliverClaimed(deps, delivery, key, { token, item: claim.item, passage });
  } finally {
    await passage.leave();
  }
}

/** The destination is down: put off, but what is at its end is finished all the same. */
async function withhold(
  deps: DeliverDeps,
  { giveUpAfterMs }: DeliverySettings,
  key: MessageKey,
  { until, fault, host }: Withholding,
): Promise<JobOutcome> {
  const withheld = { now: deps.clock.now(), until, giveUpAfterMs, host, fault };
  return withoutAttempt(deps, key, await deps.messages.change(key, withholdDelivery(withheld)));
}

async function withoutAttempt(
  deps: DeliverDeps,
  key: MessageKey,
  answer: NoClaim,
): Promise<JobOutcome> {
  switch (answer.kind) {
    case 'undecided':
      return backToRoute(deps, key);
    case 'notYet':
      return { kind: 'later', at: answer.at };
    case 'ended':
      await finishMessage(deps, key, answer.item, null);
      return DONE;
  }
}

async function deliverClaimed(
  deps: DeliverDeps,
  delivery: DeliverySettings,
  key: MessageKey,
  { token, item, passage }: Omit<ClaimedMessage, 'plan'>,
): Promise<JobOutcome> {
  const giveUpAt = triedSince(item) + delivery.giveUpAfterMs;
  const plan = {
    giveUpAt,
    nextDue: (deferrals: number) =>
      nextAttempt(deferrals, deps.clock.now(), giveUpAt, deps.random()),
  };
  const attempt = await attemptDelivery(deps, deps.courierFor(delivery), key, {
    token,
    item,
    plan,
    passage,
  });
  // A later attempt for those who still waited must not take the place of the session that refused the others.
  const hasNewFailure = failures(attempt.item) > failures(item);
  await finishMessage(deps, key, attempt.item, hasNewFailure ? attempt.transcript : null);
  if (isFinal(attempt.item)) return DONE;
  return { kind: 'later', at: attempt.item.nextDue ?? deps.clock.now() };
}

function failures(item: MessageItem): number {
  return item.recipients.filter((one) => one.state === 'failed').length;
}

/** A delivery job without a decision: the ledger lost it, or never had it. Routing decides, and queues again. */
async function backToRoute(deps: DeliverDeps, key: MessageKey): Promise<JobOutcome> {
  deps.log.warn('delivery job without a decision, routed again', { message: formatKey(key) });
  await deps.routeQueue.send([{ mailbox: key.mailbox, sha256: key.sha256 }]);
  return DONE;
}
