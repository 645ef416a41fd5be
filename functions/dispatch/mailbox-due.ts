import { loginAllowedAt } from '../../shared/ledger/login-pace.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import type { MailboxRecord } from '../../shared/ledger/mailbox-record.ts';
import { BACKOFF_MAX_MS, CLOCK_TOLERANCE_MS, RUN_PAUSE_MS } from '../../shared/limits.ts';
import { connectionDigest } from '../../shared/settings/connection-digest.ts';
import { isDue } from '../../shared/settings/schedule.ts';
import type { Mailbox } from '../../shared/settings/settings.ts';
import { scheduleOffset } from './schedule-offset.ts';

/**
 * Due: the last started run lies before the last scheduled time, or before the last ad-hoc request. A run that never
 * ended and whose lease is gone has died: it is made good at once, or a mailbox with `schedule: never` would wait
 * for ever for what it was asked to fetch. One that a cap or the time ended goes on, until all is fetched.
 *
 * What the provider demands between two logins binds every run; back-off and the pause between two runs only those
 * that nobody asked for. A suspended mailbox is due as any other: its run looks at the secret and connects to nothing.
 */
export function isMailboxDue(mailbox: Mailbox, known: MailboxRecord | null, now: number): boolean {
  const record = known ?? NO_MAILBOX_RECORD;
  const connection = connectionDigest(mailbox);
  if (isHeld(record, connection, now)) return false;
  if (hasDied(record) || isRequested(record)) return true;
  if (isBackingOff(record, connection, now)) return false;
  if (wentOnUntilCut(record)) return true;
  if (hasJustEnded(record, now)) return false;
  return isDue(mailbox.schedule, record.lastStartedAt, now, scheduleOffset(mailbox));
}

/** Somebody has it, or its provider takes no login yet. */
function isHeld(record: MailboxRecord, connection: string, now: number): boolean {
  if (record.lease !== null && record.lease.until > now) return true;
  const allowedAt = loginAllowedAt(record, connection, now);
  return allowedAt !== null && allowedAt > now;
}

function hasDied({ lastStartedAt, lastEndedAt }: MailboxRecord): boolean {
  return lastStartedAt !== null && lastStartedAt > (lastEndedAt ?? 0);
}

function isRequested({ requestedAt, lastStartedAt }: MailboxRecord): boolean {
  return requestedAt !== null && requestedAt > (lastStartedAt ?? 0);
}

/** Other settings are a new beginning: somebody has just mended them, and waits for what comes of it. */
function isBackingOff({ trouble }: MailboxRecord, connection: string, now: number): boolean {
  if (trouble?.retryAt == null || trouble.connection !== connection) return false;
  // Later than any pause may end: the clock was wrong when it was written.
  return trouble.retryAt > now && trouble.retryAt <= now + BACKOFF_MAX_MS;
}

/** A run that got nowhere would get nowhere again: it waits for its schedule. */
function wentOnUntilCut({ lastRun, maildrop }: MailboxRecord): boolean {
  return lastRun?.status === 'partial' && (maildrop?.goesOn ?? lastRun.fetched > 0);
}

function hasJustEnded({ lastEndedAt }: MailboxRecord, now: number): boolean {
  if (lastEndedAt === null || lastEndedAt > now + CLOCK_TOLERANCE_MS) return false;
  return now < lastEndedAt + RUN_PAUSE_MS;
}
