import type { Clock } from '../../shared/clock.ts';
import { Failure } from '../../shared/failure.ts';
import type { DuplicateLedger, MessageLedger } from '../../shared/ledger/ledger.ts';
import { decideOnce, isFinal } from '../../shared/ledger/message-transitions.ts';
import { messageIdOf } from '../../shared/mail/message-id.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Log } from '../../shared/observe/log.ts';
import { DONE } from '../../shared/queue/job-queue.ts';
import type { JobOutcome, JobSender, MessageJob } from '../../shared/queue/job-queue.ts';
import type { SettingsSource } from '../../shared/settings/settings.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import { claimRecipients } from './claim-recipients.ts';
import { decideFor } from './decide-for.ts';
import { readHeader } from './read-header.ts';

export interface RouteDeps {
  readonly settings: SettingsSource;
  readonly store: MailStore;
  readonly messages: MessageLedger;
  readonly duplicates: DuplicateLedger;
  readonly deliverQueue: JobSender<MessageJob>;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs our own marker field, so that a loop is seen and a stranger cannot fake one. */
  readonly loopKey: Buffer;
  /** Our name in the Received field. */
  readonly hostName: string;
}

/** While a mailbox's entry is broken its undecided mail waits; looked at again after this. Milliseconds. */
const BROKEN_ENTRY_PAUSE_MS = 5 * 60_000;

/**
 * Decides for one message: who gets it, as whom, with which header edits; claims each recipient against duplicates;
 * writes the decision (create-only: who comes second goes by the first) and queues the delivery. Never parks or
 * removes anything: a decision with nothing to send is queued like any other, and deliver finishes it.
 */
export async function routeMessage(deps: RouteDeps, key: MessageKey): Promise<JobOutcome> {
  const item = (await deps.messages.find([key])).get(formatKey(key));
  if (item !== undefined && item.decision !== null) return queueDelivery(deps, key);

  const arrived = await readHeader(deps.store, key);
  if (arrived === null) {
    // Read again: another job for it may have finished it since.
    const latest = (await deps.messages.find([key])).get(formatKey(key));
    if (latest !== undefined && isFinal(latest)) return DONE;
    throw missing(key);
  }
  // Parked and not in Incoming/: it ended, and this job is a late one.
  if (arrived.area === 'Failed') return DONE;

  const settings = await deps.settings.read();
  const decided = decideFor(deps, settings, key, arrived);
  if (decided === 'wait') return { kind: 'later', at: deps.clock.now() + BROKEN_ENTRY_PAUSE_MS };

  const duplicates = await claimRecipients(deps, key, decided.decision, decided.duplicateKey);
  const stored = await deps.messages.change(
    key,
    decideOnce(decided.decision, duplicates, {
      arrivedAt: arrived.metadata.arrivedAt,
      now: deps.clock.now(),
      messageId: arrived.header === null ? null : messageIdOf(arrived.header),
    }),
  );
  deps.log.info('message routed', {
    message: formatKey(key),
    outcome: stored.decision?.outcome,
    recipients: stored.recipients.length,
    duplicates: stored.recipients.filter((one) => one.state === 'duplicate').length,
    warning: stored.decision?.warnings[0],
  });
  return queueDelivery(deps, key);
}

async function queueDelivery(deps: RouteDeps, key: MessageKey): Promise<JobOutcome> {
  await deps.deliverQueue.send([{ mailbox: key.mailbox, sha256: key.sha256 }]);
  return DONE;
}

/** Neither in the store nor at its end: that must not happen, and somebody has to hear of it. */
function missing(key: MessageKey): Failure {
  return new Failure(
    'store',
    'permanent',
    `routing ${formatKey(key)}: expected the message in Incoming/ or Failed/ or its end in the ledger, found none`,
  );
}
