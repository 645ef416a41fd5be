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

/** When each mailbox's last run began, before a fetch is asked for; null: never. */
export async function lastStarts(
  deps: FollowFetchDeps,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number | null>> {
  const starts = await Promise.all(
    ids.map(async (id) => {
      const record = await deps.mailboxes.read(id);
      return [id, record?.lastStartedAt ?? null] as const;
    }),
  );
  return new Map(starts);
}

/**
 * Waits until each mailbox has ended a run that began after the request. One under way when it was asked for does
 * not count, since it may have listed before the mail came: the mailbox is due again after it. Told by a start other
 * than the one before, not by its time: the clocks of two machines are no order.
 * @returns the records of those that ended
 */
export async function followFetch(
  deps: FollowFetchDeps,
  before: ReadonlyMap<string, number | null>,
  patience: Patience,
): Promise<ReadonlyMap<string, MailboxRecord>> {
  const ended = new Map<string, MailboxRecord>();
  for (;;) {
    for (const [id, start] of before) {
      if (ended.has(id)) continue;
      const record = await deps.mailboxes.read(id);
      if (record !== null && hasEndedSince(record, start)) ended.set(id, record);
    }
    if (ended.size === before.size || patience.isOver()) return ended;
    await patience.pause();
  }
}

/** A run that died has a start and no end: the next tick makes it good, and that one is waited for. */
function hasEndedSince(record: MailboxRecord, startBefore: number | null): boolean {
  const { lastStartedAt, lastEndedAt, lease } = record;
  if (lastStartedAt === null || lastStartedAt === startBefore) return false;
  return lease === null && lastEndedAt !== null && lastEndedAt >= lastStartedAt;
}
