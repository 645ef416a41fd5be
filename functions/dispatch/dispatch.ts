import type { Clock } from '../../shared/clock.ts';
import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import type { MailboxRecord } from '../../shared/ledger/mailbox-record.ts';
import type { FetchJob, JobSender } from '../../shared/queue/job-queue.ts';
import { isDue } from '../../shared/settings/schedule.ts';
import type { Mailbox, SettingsSource } from '../../shared/settings/settings.ts';
import { scheduleOffset } from './schedule-offset.ts';

export interface DispatchDeps {
  readonly settings: SettingsSource;
  readonly mailboxes: MailboxLedger;
  readonly fetchQueue: JobSender<FetchJob>;
  readonly clock: Clock;
}

/**
 * One tick: sees which mailboxes are due and puts one fetch job each on the queue. With no mailbox configured there
 * is nothing to do, and that is no error. A mailbox that is being fetched is left to that run.
 * @returns the ids that were queued
 */
export async function dispatch(deps: DispatchDeps): Promise<readonly string[]> {
  const settings = await deps.settings.read();
  const now = deps.clock.now();
  const due: string[] = [];
  for (const mailbox of settings.mailboxes.values()) {
    if (isMailboxDue(mailbox, await deps.mailboxes.read(mailbox.id), now)) due.push(mailbox.id);
  }
  await deps.fetchQueue.send(due.map((mailbox) => ({ mailbox, queuedAt: now })));
  return due;
}

/**
 * Due: the last started run lies before the last scheduled time, or before the last ad-hoc request. A run that never
 * ended and whose lease is gone has died: it is made good at once, or a mailbox with `schedule: never` would wait
 * for ever for what it was asked to fetch.
 */
function isMailboxDue(mailbox: Mailbox, record: MailboxRecord | null, now: number): boolean {
  const { lease, lastStartedAt, lastEndedAt, requestedAt } = record ?? NO_MAILBOX_RECORD;
  if (lease !== null && lease.until > now) return false;
  if (lastStartedAt !== null && lastStartedAt > (lastEndedAt ?? 0)) return true;
  if (requestedAt !== null && requestedAt > (lastStartedAt ?? 0)) return true;
  return isDue(mailbox.schedule, lastStartedAt, now, scheduleOffset(mailbox));
}
