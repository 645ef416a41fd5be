import { isAnswered } from '../../functions/api/request-fetch.ts';
import type { RequestedFetch } from '../../functions/api/request-fetch.ts';
import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import type { MailboxRecord } from '../../shared/ledger/mailbox-record.ts';

export interface FollowFetchDeps {
  readonly mailboxes: MailboxLedger;
}

/** How patiently something is followed. */
export interface Patience {
  /** Waits between two looks; resolves early when the command is to end. */
  readonly pause: () => Promise<void>;
  /** Whether to stop following: out of time, or the command is to end. */
  readonly isOver: () => boolean;
}

/** Told of each mailbox at each look while its run is under way. */
export type OnRecord = (mailbox: string, record: MailboxRecord) => void;

/**
 * Waits until each mailbox has ended the run that answers the request.
 * @returns the records of those that ended
 */
export async function followFetch(
  deps: FollowFetchDeps,
  requested: readonly RequestedFetch[],
  patience: Patience,
  onRecord: OnRecord = () => undefined,
): Promise<ReadonlyMap<string, MailboxRecord>> {
  const ended = new Map<string, MailboxRecord>();
  for (;;) {
    for (const { mailbox, answer } of requested) {
      if (ended.has(mailbox)) continue;
      const record = await deps.mailboxes.read(mailbox);
      if (record === null) continue;
      onRecord(mailbox, record);
      const { lastStartedAt, lastEndedAt, lease } = record;
      const isBusy = lease !== null && lease.purpose !== 'look';
      const run = { startedAt: lastStartedAt, endedAt: lastEndedAt, isBusy };
      if (isAnswered(run, answer)) ended.set(mailbox, record);
    }
    if (ended.size === requested.length || patience.isOver()) return ended;
    await patience.pause();
  }
}
