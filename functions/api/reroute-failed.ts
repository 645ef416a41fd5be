import type { Clock, NewToken } from '../../shared/clock.ts';
import type { RetryLedger } from '../../shared/ledger/failed-ledger.ts';
import {
  claimRerouting,
  endRerouting,
  replaceDecision,
} from '../../shared/ledger/failed-transitions.ts';
import type { DuplicateLedger } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { decideOnce } from '../../shared/ledger/message-transitions.ts';
import { ORDER_CLAIM_MS } from '../../shared/limits.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { messageIdOf } from '../../shared/mail/message-id.ts';
import type { JobSender, MessageJob } from '../../shared/queue/job-queue.ts';
import { heldDecision } from '../../shared/routing/held.ts';
import type { Decided } from '../../shared/routing/held.ts';
import type { SettingsSource } from '../../shared/settings/settings.ts';
import { claimRecipients } from '../route/claim-recipients.ts';
import { decideFor } from '../route/decide-for.ts';
import { readHeader } from '../route/read-header.ts';
import type { ArrivedHeader } from '../route/read-header.ts';
import type { FailedMail, FailedMailDeps } from './failed-mail.ts';
import { doneResult, refusedBecause, refusedResult } from './order-result.ts';
import type { OrderResult } from './order-result.ts';

export interface RerouteDeps extends FailedMailDeps {
  readonly settings: SettingsSource;
  readonly duplicates: DuplicateLedger;
  readonly retries: RetryLedger;
  readonly deliverQueue: JobSender<MessageJob>;
  /** Signs our own marker field; a secret that is read when it is needed. */
  readonly readLoopKey: () => Promise<Buffer>;
  /** Our name in the Received field. */
  readonly hostName: string;
  readonly newToken: NewToken;
  readonly clock: Clock;
}

/**
 * Routes a failed or held message anew, by the settings as they are now, and delivers it to those whom the new decision
 * names and who do not have it. Under a claim, so that no delivery runs meanwhile; until the new decision takes the place
 * of the old one in one write, nothing has changed.
 */
export async function rerouteFailed(
  deps: RerouteDeps,
  { key, item }: FailedMail,
  dryRun: boolean,
): Promise<OrderResult> {
  const arrived = await readHeader(deps.store, key);
  if (arrived === null) return refusedBecause(key, 'its copy in Failed/ is gone');
  const decided = await decisionNow(deps, key, arrived);
  if (decided === 'wait') {
    return refusedBecause(key, `the entry of mailbox ${key.mailbox} is wrong in the configuration`);
  }
  const { decision } = decided;
  if (decision.outcome === 'held') {
    return refusedBecause(key, `it would be held again: ${decision.warnings.join('; ')}`);
  }
  const now = deps.clock.now();
  const token = deps.newToken();
  const rebuilt = item ?? undecidable(arrived, now);
  const claim = claimRerouting({ token, now, until: now + ORDER_CLAIM_MS, rebuilt });
  const expected = claim(item).answer;
  if ('refused' in expected) return refusedResult(key, expected.refused);
  if (dryRun) return doneResult(key, stillToGet(expected.item, decided));
  await deps.retries.begin(key, now);
  const claimed = await deps.messages.change(key, claim);
  if ('refused' in claimed) return refusedResult(key, claimed.refused);
  const rerouted = await replace(deps, key, decided, { token, now });
  if (rerouted === null) return refusedResult(key, 'busy');
  deps.log.info('message routed anew', { message: formatKey(key), outcome: decision.outcome });
  await deps.deliverQueue.send([{ mailbox: key.mailbox, sha256: key.sha256 }]);
  return doneResult(key, waitingIn(rerouted));
}

async function decisionNow(
  deps: RerouteDeps,
  key: MessageKey,
  arrived: ArrivedHeader,
): Promise<Decided | 'wait'> {
  const settings = await deps.settings.read();
  const loopKey = await deps.readLoopKey();
  return decideFor({ ...deps, loopKey }, settings, key, arrived);
}

/** The claim is given back when something fails on the way: the next order need not wait for its end. */
async function replace(
  deps: RerouteDeps,
  key: MessageKey,
  { decision, duplicateKey }: Decided,
  { token, now }: { readonly token: string; readonly now: number },
): Promise<MessageItem | null> {
  try {
    const duplicates = await claimRecipients(deps, key, decision, duplicateKey);
    return await deps.messages.change(key, replaceDecision(token, decision, duplicates, now));
  } catch (error) {
    await deps.messages.change(key, endRerouting(token)).catch(() => null);
    throw error;
  }
}

/** A copy of which nothing is known at all is routed like one that was held. */
function undecidable({ metadata, header }: ArrivedHeader, now: number): MessageItem {
  const { decision } = heldDecision('neither the ledger nor a report told of it');
  const messageId = header === null ? null : messageIdOf(header);
  const times = { arrivedAt: metadata.arrivedAt, now, messageId };
  return decideOnce(decision, new Set(), times)(null).answer;
}

function stillToGet(item: MessageItem, { decision }: Decided): string[] {
  const have = new Set(
    item.recipients.filter(({ state }) => state === 'sent').map((one) => one.address.toLowerCase()),
  );
  return decision.recipients
    .map(({ address }) => address)
    .filter((address) => !have.has(address.toLowerCase()));
}

function waitingIn({ recipients }: MessageItem): string[] {
  return recipients.filter(({ state }) => state === 'waiting').map(({ address }) => address);
}
