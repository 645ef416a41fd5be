import type { FailureKind } from '../../shared/failure.ts';
import { loginAllowedAt } from '../../shared/ledger/login-pace.ts';
import { NOTHING_STAYS } from '../../shared/ledger/maildrop-memory.ts';
import type { StayingMail } from '../../shared/ledger/maildrop-memory.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import type {
  FetchProgress,
  Lease,
  MailboxRecord,
  RunStatus,
} from '../../shared/ledger/mailbox-record.ts';
import { suspendedWords } from '../../shared/ledger/mailbox-trouble.ts';
import type { RefusedPassword } from '../../shared/ledger/mailbox-trouble.ts';
import { connectionDigest } from '../../shared/settings/connection-digest.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import type { Mailbox, Settings } from '../../shared/settings/settings.ts';
import { tooSoonResult } from '../fetch/too-soon.ts';

/** How far the run of a mailbox is; null: none that this process knows of. */
export type ProgressSource = (mailbox: string) => FetchProgress | null;

/** Times are ISO 8601, null for never. */
export interface MailboxStatus {
  readonly id: string;
  /** `never` before the first run; `misconfigured` while its entry is broken. */
  readonly status: RunStatus | 'never' | 'misconfigured';
  /** When the last run began, and when it ended. */
  readonly lastRun: string | null;
  readonly lastEnded: string | null;
  readonly lastSuccess: string | null;
  /** When a run last took mail. */
  readonly lastMail: string | null;
  /** No mail since then, far longer than usual; null: it is not silent. */
  readonly silentSince: string | null;
  /** Messages and octets that the last run took, and new messages that it left on the server. */
  readonly fetched: number;
  readonly bytes: number;
  readonly left: number;
  /** What the last run that ended well left on the server for good, and why. */
  readonly staying: StayingMail;
  /** Of kind `suspended` where its password was refused so often that it is not tried any more. */
  readonly error: { readonly kind: FailureKind; readonly message: string } | null;
  /** Null while it is well. */
  readonly failing: { readonly since: string; readonly runs: number } | null;
  /** No scheduled run begins before: it backs off, or its provider wants time between two logins. */
  readonly notBefore: string | null;
  /** Of the run that is under way, as far as is known. */
  readonly progress: FetchProgress | null;
}

/** @param progress of a run in this process; null: elsewhere, or none */
export function mailboxStatus(
  settings: Settings,
  id: string,
  known: MailboxRecord | null,
  now: number,
  progress: FetchProgress | null,
): MailboxStatus {
  const record = known ?? NO_MAILBOX_RECORD;
  const mailbox = settings.mailboxes.get(id) ?? null;
  const lease = record.lease !== null && record.lease.until > now ? record.lease : null;
  const base = {
    id,
    ...lastRunOf(record),
    failing: failingOf(record),
    notBefore: mailbox === null ? null : isoOrNull(notBefore(mailbox, record, now)),
    progress: lease === null ? null : (progress ?? progressIn(lease)),
  };
  const problems = settings.broken.get(id);
  if (problems !== undefined) {
    const message = problems.map(formatProblem).join('; ');
    return { ...base, status: 'misconfigured', error: { kind: 'settings', message } };
  }
  const status = lease === null ? (record.lastRun?.status ?? 'never') : 'busy';
  return { ...base, status, error: errorOf(mailbox, record) };
}

function lastRunOf(record: MailboxRecord) {
  const { fetched, bytes, left } = record.lastRun ?? { fetched: 0, bytes: 0, left: 0 };
  return {
    lastRun: isoOrNull(record.lastStartedAt),
    lastEnded: isoOrNull(record.lastEndedAt),
    lastSuccess: isoOrNull(record.lastSuccessAt),
    lastMail: isoOrNull(record.lastMailAt),
    silentSince: record.habit?.told === true ? isoOrNull(record.lastMailAt) : null,
    ...{ fetched, bytes, left },
    staying: record.maildrop?.staying ?? NOTHING_STAYS,
  };
}

/** As of the last heartbeat. */
function progressIn({ progress }: Lease): FetchProgress | null {
  return progress ?? null;
}

function failingOf({ trouble }: MailboxRecord): MailboxStatus['failing'] {
  if (trouble === null) return null;
  return { since: new Date(trouble.since).toISOString(), runs: trouble.failures };
}

function errorOf(mailbox: Mailbox | null, record: MailboxRecord): MailboxStatus['error'] {
  const refused = mailbox === null ? null : suspension(mailbox, record);
  if (mailbox === null || refused === null) return record.lastRun?.error ?? null;
  return { kind: 'suspended', message: suspendedWords(mailbox.id, refused) };
}

/** How it stands for whoever asked for a fetch that its provider does not take yet. */
export function tooSoonStatus(status: MailboxStatus, until: number): MailboxStatus {
  const { error } = tooSoonResult(status.id, until);
  return { ...status, status: 'failed', error };
}

/** Whether the secret was changed since, only the next run can tell; other settings show here. */
function suspension(mailbox: Mailbox, { trouble }: MailboxRecord): RefusedPassword | null {
  if (trouble?.refused?.suspendedAt == null) return null;
  return trouble.connection === connectionDigest(mailbox) ? trouble.refused : null;
}

function notBefore(mailbox: Mailbox, record: MailboxRecord, now: number): number | null {
  const connection = connectionDigest(mailbox);
  const { trouble } = record;
  const retryAt = trouble?.connection === connection ? trouble.retryAt : null;
  const latest = Math.max(retryAt ?? 0, loginAllowedAt(record, connection, now) ?? 0);
  return latest > now ? latest : null;
}

function isoOrNull(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
