import {
  FAILURES_BEFORE_NOTICE,
  LATER_BEFORE_NOTICE_MS,
  PASSWORD_REFUSALS_BEFORE_SUSPENSION,
} from '../limits.ts';
import type { RunResult } from './mailbox-record.ts';

type RunError = NonNullable<RunResult['error']>;

/** Why a mailbox is not well: its runs fail, since the last one that was well. Times in ms since the epoch. */
export interface Trouble {
  /** End of the first of them. */
  readonly since: number;
  /** How many, one after the other. */
  readonly failures: number;
  /** Back-off: no scheduled run begins before; null: the fault is ours, no server has to be spared. */
  readonly retryAt: number | null;
  /** Of which settings: `connectionDigest`; null where they could not be read. Other settings end the back-off. */
  readonly connection: string | null;
  readonly refused: RefusedPassword | null;
  /** Whether people were told. */
  readonly told: boolean;
}

/** The server refused user name and password: another attempt with them may lock the account. */
export interface RefusedPassword {
  /** A keyed digest of the connection and the secret that were refused (`credentialsDigest`). */
  readonly credentials: string;
  readonly times: number;
  /** The server's last words. */
  readonly message: string;
  /** No login with these credentials any more; null: not yet. */
  readonly suspendedAt: number | null;
}

/** What people are to be told of a mailbox. All that the words are made of stands here, so that they never change. */
export interface MailboxNews {
  /** `silent`: no mail for far longer than usual; `heard`: mail came again. */
  readonly kind: 'failing' | 'suspended' | 'well' | 'silent' | 'heard';
  /** When it happened. */
  readonly at: number;
  /** When the trouble began; of a silence, when the last mail came before it. */
  readonly since: number;
  readonly failures: number;
  readonly error: RunError | null;
  /** Of a silence: the longest that was usual, milliseconds. */
  readonly usualMs?: number;
}

/** How a session failed, as far as it matters for what follows. */
export interface SessionFault {
  /**
   * `password`: the server judged the credentials. `later`: it has no fault, and asked to come back
   * (`[IN-USE]`, `[LOGIN-DELAY]`). `server`: all else that the network and the server do. `own`: nothing was asked of
   * any server (settings, secrets, store, ledger), so there is nobody to spare.
   */
  readonly kind: 'password' | 'later' | 'server' | 'own';
  /** `credentialsDigest` of what was refused; null unless `password`. */
  readonly credentials: string | null;
}

export interface FailedRun {
  readonly error: RunError;
  readonly fault: SessionFault;
  readonly connection: string | null;
  readonly now: number;
  /** The pause after so many failures, ms. */
  readonly gapAfter: (failures: number) => number;
}

export interface TroubleChange {
  readonly trouble: Trouble | null;
  /** Null: nothing that people need to hear. */
  readonly news: MailboxNews | null;
}

/** After a failed run: backs off, suspends, and tells once. */
export function troubleAfterFailure(before: Trouble | null, run: FailedRun): TroubleChange {
  const { now, fault, connection } = run;
  const known = before ?? { since: now, failures: 0, refused: null, told: false };
  const failures = known.failures + 1;
  const retryAt = fault.kind === 'own' ? null : now + run.gapAfter(failures);
  const refused = refusedAfter(known.refused, run);
  const trouble: Trouble = { ...known, failures, retryAt, connection, refused };
  if (refused?.suspendedAt === now) return tell(trouble, run, 'suspended');
  if (!trouble.told && isLasting(trouble, fault, now)) return tell(trouble, run, 'failing');
  return { trouble, news: null };
}

/** After a run that was well, or a login that proved that it would be. */
export function troubleAfterSuccess(before: Trouble | null, now: number): TroubleChange {
  if (before?.told !== true) return { trouble: null, news: null };
  const { since, failures } = before;
  return { trouble: null, news: { kind: 'well', at: now, since, failures, error: null } };
}

/** Whether these credentials are not to be used any more. */
export function isSuspended(trouble: Trouble | null, credentials: string): boolean {
  const refused = trouble?.refused ?? null;
  return refused !== null && refused.suspendedAt !== null && refused.credentials === credentials;
}

/** Time-outs and the like in between say nothing of the password: only a login that succeeds, or others, clear it. */
function refusedAfter(before: RefusedPassword | null, run: FailedRun): RefusedPassword | null {
  const { kind, credentials } = run.fault;
  if (kind !== 'password' || credentials === null) return before;
  const same = before?.credentials === credentials ? before : null;
  const times = (same?.times ?? 0) + 1;
  const isOver = times >= PASSWORD_REFUSALS_BEFORE_SUSPENSION;
  const suspendedAt = same?.suspendedAt ?? (isOver ? run.now : null);
  return { credentials, times, message: run.error.message, suspendedAt };
}

/** Hysteresis: a restart at the provider is no news, nor is a colleague who reads the mailbox for some minutes. */
function isLasting({ failures, since }: Trouble, fault: SessionFault, now: number): boolean {
  const patience = fault.kind === 'later' ? LATER_BEFORE_NOTICE_MS : 0;
  return failures >= FAILURES_BEFORE_NOTICE && now - since >= patience;
}

function tell(trouble: Trouble, run: FailedRun, kind: MailboxNews['kind']): TroubleChange {
  const { since, failures } = trouble;
  const news = { kind, at: run.now, since, failures, error: run.error };
  return { trouble: { ...trouble, told: true }, news };
}

/** What a suspended mailbox says, and what is to be done. */
export function suspendedWords(mailbox: string, { times, message }: RefusedPassword): string {
  return (
    `mailbox ${mailbox} is suspended, since its password was refused ${times} times (${message}); ` +
    `correct its settings or change the password (mailferry mailbox edit ${mailbox} --password), ` +
    `or let mailferry mailbox test ${mailbox} show that it is taken again`
  );
}
