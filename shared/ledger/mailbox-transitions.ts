import type { Transition } from './ledger.ts';
import { NO_MAILBOX_RECORD } from './mailbox-record.ts';
import type { MailboxRecord, RunResult } from './mailbox-record.ts';

/** Takes the mailbox's lease and notes the start, unless somebody else has a live one. */
export function beginRun(run: {
  readonly owner: string;
  readonly until: number;
  readonly now: number;
}): Transition<MailboxRecord, 'taken' | 'busy'> {
  return (record) => {
    const current = record ?? NO_MAILBOX_RECORD;
    const lease = current.lease;
    if (lease !== null && lease.until > run.now && lease.owner !== run.owner) {
      return { store: null, answer: 'busy' };
    }
    const store = {
      ...current,
      lease: { owner: run.owner, until: run.until },
      lastStartedAt: run.now,
    };
    return { store, answer: 'taken' };
  };
}

/** Heartbeat. `false`: the lease is somebody else's by now, and this run has to stop. */
export function renewLease(owner: string, until: number): Transition<MailboxRecord, boolean> {
  return (record) => {
    if (record?.lease?.owner !== owner) return { store: null, answer: false };
    return { store: { ...record, lease: { owner, until } }, answer: true };
  };
}

/** Gives the lease back and keeps the run's result; a run that lost its lease changes nothing. */
export function endRun(
  owner: string,
  result: RunResult,
  now: number,
): Transition<MailboxRecord, boolean> {
  return (record) => {
    if (record?.lease?.owner !== owner) return { store: null, answer: false };
    const well = result.status === 'ok' || result.status === 'partial';
    const store = {
      ...record,
      lease: null,
      lastEndedAt: now,
      lastSuccessAt: well ? now : record.lastSuccessAt,
      lastRun: result,
    };
    return { store, answer: true };
  };
}

/**
 * Notes an ad-hoc request; written before it is acknowledged, so that a lost job is made again by the next tick. The
 * newest stays: an older one whose write came late must not hide it behind a run that began between the two.
 */
export function requestFetch(now: number): Transition<MailboxRecord, null> {
  return (record) => {
    const current = record ?? NO_MAILBOX_RECORD;
    const requestedAt = Math.max(now, current.requestedAt ?? now);
    return { store: { ...current, requestedAt }, answer: null };
  };
}
