import { PIPELINING_MEMORY_MS } from '../limits.ts';
import type { Transition } from './ledger.ts';
import { loginAllowedAt, paceAfter } from './login-pace.ts';
import type { LoginSeen } from './login-pace.ts';
import type { MaildropMemory } from './maildrop-memory.ts';
import { habitAfterRun } from './mailbox-habit.ts';
import { NO_MAILBOX_RECORD } from './mailbox-record.ts';
import type {
  BrokenPipelining,
  FetchProgress,
  MailboxRecord,
  RunResult,
} from './mailbox-record.ts';
import { troubleAfterFailure, troubleAfterSuccess } from './mailbox-trouble.ts';
import type { MailboxNews, SessionFault, TroubleChange } from './mailbox-trouble.ts';

export interface RunStart {
  readonly owner: string;
  readonly until: number;
  readonly now: number;
  /** The run is for a job that was queued then: one that began since has answered it. Absent: run in any case. */
  readonly queuedAt?: number;
  /** `connectionDigest` of the settings; absent or null: unknown, and no login pace is looked at. */
  readonly connection?: string | null;
  /** `look`: a session that fetches nothing, and is no run. */
  readonly purpose?: 'look';
}

export type BeginAnswer =
  /** The lease is taken; the record as it was before. */
  | { readonly kind: 'taken'; readonly record: MailboxRecord }
  | { readonly kind: 'busy' }
  /** A run that began after the job was queued has done what the job asks for. */
  | { readonly kind: 'answered'; readonly result: RunResult | null }
  /** The server takes no login before `until`. */
  | { readonly kind: 'tooSoon'; readonly until: number };

/** Takes the mailbox's lease and notes the start, unless something speaks against it; then nothing changes. */
export function beginRun(run: RunStart): Transition<MailboxRecord, BeginAnswer> {
  return (record) => {
    const current = record ?? NO_MAILBOX_RECORD;
    const { lease, lastStartedAt } = current;
    if (lease !== null && lease.until > run.now && lease.owner !== run.owner) {
      return { store: null, answer: { kind: 'busy' } };
    }
    if (run.queuedAt !== undefined && lastStartedAt !== null && hasBegunSince(run, current)) {
      return { store: null, answer: { kind: 'answered', result: current.lastRun } };
    }
    const allowedAt = loginAllowedAt(current, run.connection ?? null, run.now);
    if (allowedAt !== null && allowedAt > run.now) {
      return { store: null, answer: { kind: 'tooSoon', until: allowedAt } };
    }
    const { owner, until, purpose } = run;
    const store: MailboxRecord =
      purpose === 'look'
        ? { ...current, lease: { owner, until, purpose } }
        : { ...current, lease: { owner, until }, lastStartedAt: run.now };
    return { store, answer: { kind: 'taken', record: current } };
  };
}

/** Heartbeat. `false`: the lease is somebody else's by now, and this run has to stop. */
export function renewLease(
  owner: string,
  until: number,
  progress?: FetchProgress,
): Transition<MailboxRecord, boolean> {
  return (record) => {
    if (record?.lease?.owner !== owner) return { store: null, answer: false };
    const lease = { ...record.lease, until, ...(progress === undefined ? {} : { progress }) };
    return { store: { ...record, lease }, answer: true };
  };
}

export interface RunEnd {
  readonly now: number;
  readonly result: RunResult;
  /** Null for a run that did not fail. */
  readonly fault: SessionFault | null;
  readonly connection: string | null;
  /** Null: no login was tried. */
  readonly login: LoginSeen | null;
  /** How the maildrop was left; null: it was not looked at. */
  readonly maildrop: MaildropMemory | null;
  /** The session broke over commands that were sent together, without the server's word that it takes them. */
  readonly pipeliningBroke?: boolean;
  readonly gapAfter: (failures: number) => number;
}

export interface EndAnswer {
  /** Whether the result was kept: a run that lost its lease changes nothing. */
  readonly kept: boolean;
  /** What people have to be told now; then {@link closeRun}. Empty: the lease is given back already. */
  readonly news: readonly MailboxNews[];
}

/**
 * Keeps the run's result and what follows from it, and gives the lease back. While there is news the lease stays and
 * the run has not ended: should the process die before people were told, it counts as a run that died, which is made
 * good at once, and the news is told at its end.
 */
export function endRun(owner: string, end: RunEnd): Transition<MailboxRecord, EndAnswer> {
  return (record) => {
    if (record?.lease?.owner !== owner) return { store: null, answer: { kept: false, news: [] } };
    const { result, now } = end;
    const well = result.status === 'ok' || result.status === 'partial';
    const { trouble, news: ofTrouble } = troubleAfter(record, end);
    const { habit, news: ofSilence } = habitAfterRun(record, result, now);
    const latest = [ofTrouble, ofSilence].filter((one) => one !== null);
    const news = [...record.news, ...latest];
    const isToldFirst = news.length > 0;
    const store: MailboxRecord = {
      ...record,
      lease: isToldFirst ? record.lease : null,
      lastEndedAt: isToldFirst ? record.lastEndedAt : now,
      lastSuccessAt: well ? now : record.lastSuccessAt,
      lastMailAt: result.fetched > 0 ? now : record.lastMailAt,
      habit,
      lastRun: result,
      trouble,
      pace: paceAfter(record.pace, end.connection, end.login),
      maildrop: end.maildrop ?? record.maildrop,
      brokenPipelining: brokenAfter(record, end),
      news,
    };
    return { store, answer: { kept: true, news } };
  };
}

function brokenAfter(
  { brokenPipelining }: MailboxRecord,
  { connection, now, pipeliningBroke }: RunEnd,
): BrokenPipelining | null {
  return pipeliningBroke === true && connection !== null
    ? { connection, at: now }
    : brokenPipelining;
}

/** Whether a server that offers no PIPELINING may be tried: not for a while after it broke over that. */
export function mayProbePipelining(
  { brokenPipelining }: MailboxRecord,
  connection: string | null,
  now: number,
): boolean {
  if (brokenPipelining?.connection !== connection) return true;
  return now - brokenPipelining.at >= PIPELINING_MEMORY_MS;
}

/**
 * Gives the lease back after {@link endRun} had news.
 * @param told how many of them people were told; the others are told at the end of the next run
 */
export function closeRun(
  owner: string,
  now: number,
  told: number,
): Transition<MailboxRecord, boolean> {
  return (record) => {
    if (record?.lease?.owner !== owner) return { store: null, answer: false };
    const news = record.news.slice(told);
    return { store: { ...record, lease: null, lastEndedAt: now, news }, answer: true };
  };
}

export interface LookEnd {
  readonly now: number;
  readonly connection: string | null;
  /** Of each session that was opened, in order. */
  readonly logins: readonly LoginSeen[];
  /** Whether a login succeeded: then the credentials are good, and a suspension is over. */
  readonly loggedIn: boolean;
}

/** Gives back the lease of a look. Neither its failure nor its success counts as a run's. */
export function endLook(owner: string, look: LookEnd): Transition<MailboxRecord, boolean> {
  return (record) => {
    if (record?.lease?.owner !== owner) return { store: null, answer: false };
    const pace = look.logins.reduce(
      (known, login) => paceAfter(known, look.connection, login),
      record.pace,
    );
    const store = { ...record, lease: null, pace };
    return { store: look.loggedIn ? withoutRefusal(store) : store, answer: true };
  };
}

/** The mailbox is asked again by its schedule; that it is well, its next run has to show. */
function withoutRefusal(record: MailboxRecord): MailboxRecord {
  const { trouble } = record;
  if (trouble?.refused == null) return record;
  return { ...record, trouble: { ...trouble, refused: null, retryAt: null } };
}

export type RequestAnswer =
  /** A run is under way and its result is the answer. */
  | { readonly kind: 'joined'; readonly startedAt: number }
  /** Noted: the answer is the next run, which has another start than this one; null: there was none. */
  | { readonly kind: 'noted'; readonly startedBefore: number | null }
  /** Noted as well, but the server takes no login before `until`. */
  | { readonly kind: 'tooSoon'; readonly until: number };

/**
 * An ad-hoc request. During a run it joins it: nothing is written, since a run that dies is made good in any case. Else
 * it is written before it is acknowledged, so that a lost job is made again by the next tick. The newest stays: an older
 * one whose write came late must not hide it behind a run that began between the two.
 */
export function requestFetch(
  now: number,
  connection: string | null = null,
): Transition<MailboxRecord, RequestAnswer> {
  return (record) => {
    const current = record ?? NO_MAILBOX_RECORD;
    const { lease, lastStartedAt } = current;
    const isRun = lease !== null && lease.until > now && lease.purpose !== 'look';
    if (isRun && lastStartedAt !== null) {
      return { store: null, answer: { kind: 'joined', startedAt: lastStartedAt } };
    }
    const requestedAt = Math.max(now, current.requestedAt ?? now);
    const allowedAt = loginAllowedAt(current, connection, now);
    return {
      store: { ...current, requestedAt },
      answer:
        allowedAt !== null && allowedAt > now
          ? { kind: 'tooSoon', until: allowedAt }
          : { kind: 'noted', startedBefore: lastStartedAt },
    };
  };
}

/** A run that died has answered nobody. */
function hasBegunSince({ queuedAt = 0 }: RunStart, record: MailboxRecord): boolean {
  const { lastStartedAt, lastEndedAt, lease } = record;
  if (lastStartedAt === null || lastStartedAt < queuedAt) return false;
  return lease === null && lastEndedAt !== null && lastEndedAt >= lastStartedAt;
}

function troubleAfter(record: MailboxRecord, end: RunEnd): TroubleChange {
  const { result, fault, connection, now, gapAfter } = end;
  if (result.error === null || fault === null) return troubleAfterSuccess(record.trouble, now);
  // Nothing was asked and nothing learned: what is known of it stands.
  if (result.error.kind === 'suspended') return { trouble: record.trouble, news: null };
  return troubleAfterFailure(record.trouble, {
    error: result.error,
    fault,
    connection,
    now,
    gapAfter,
  });
}
