import type { FailureKind } from '../failure.ts';
import type { MaildropMemory } from './maildrop-memory.ts';
import type { Habit } from './mailbox-habit.ts';
import type { MailboxNews, Trouble } from './mailbox-trouble.ts';

/** What the ledger keeps of one mailbox. Times are milliseconds since the epoch. */
export interface MailboxRecord {
  readonly lease: Lease | null;
  readonly lastStartedAt: number | null;
  readonly lastEndedAt: number | null;
  readonly lastSuccessAt: number | null;
  /** When a run last took mail: how long it is silent is measured against its habit. */
  readonly lastMailAt: number | null;
  /** Null: no mail came yet, or none since this is kept. */
  readonly habit: Habit | null;
  /** The newest ad-hoc request: a mailbox is due while its last started run lies before it. */
  readonly requestedAt: number | null;
  readonly lastRun: RunResult | null;
  /** How its maildrop was left; null: it was never listed. */
  readonly maildrop: MaildropMemory | null;
  /** Null while it is well. */
  readonly trouble: Trouble | null;
  /** What its server demands between two logins; null: nothing, as far as is known. */
  readonly pace: LoginPace | null;
  /** Its server takes no commands that were sent together; null: not known. */
  readonly brokenPipelining: BrokenPipelining | null;
  /** What people have not been told yet, oldest first. */
  readonly news: readonly MailboxNews[];
}

/**
 * One session at a time: a run that finds a live lease ends. It expires by itself, so a crash blocks nobody for long.
 */
export interface Lease {
  readonly owner: string;
  readonly until: number;
  /** `look`: somebody tests or examines the mailbox, and fetches nothing. A run where it is absent. */
  readonly purpose?: 'look';
  /** How far the run was at its last heartbeat. */
  readonly progress?: FetchProgress;
}

/** How far a run is. */
export interface FetchProgress {
  /** Messages that came whole. */
  readonly messages: number;
  readonly ofMessages: number;
  /** Octets that came, those of messages under way included. */
  readonly octets: number;
  /** By LIST, which is an estimate. */
  readonly ofOctets: number;
}

/** Logins may have to lie some time apart (LOGIN-DELAY, RFC 2449 section 6.5 and RFC 2449 section 8.1.1). */
export interface LoginPace {
  /** Whose: another host or user has another. `connectionDigest` of its settings. */
  readonly connection: string;
  /** The last login, also one that was refused as too early. */
  readonly loginAt: number;
  /** What the server's CAPA says; null: nothing. */
  readonly delayMs: number | null;
  /** Refused in a row with `[LOGIN-DELAY]`: each makes the next wait longer. */
  readonly refusals: number;
}

/** A server that does not offer PIPELINING was tried, and broke over it. */
export interface BrokenPipelining {
  /** `connectionDigest` of its settings. */
  readonly connection: string;
  readonly at: number;
}

export type RunStatus = 'ok' | 'busy' | 'failed' | 'partial';

/** As in `run --once --json`. */
export interface RunResult {
  readonly status: RunStatus;
  /** Messages retrieved. */
  readonly fetched: number;
  /** Octets retrieved. */
  readonly bytes: number;
  /** New messages not yet fetched. */
  readonly left: number;
  readonly error: { readonly kind: FailureKind; readonly message: string } | null;
}

export const NO_MAILBOX_RECORD: MailboxRecord = {
  lease: null,
  lastStartedAt: null,
  lastEndedAt: null,
  lastSuccessAt: null,
  lastMailAt: null,
  habit: null,
  requestedAt: null,
  lastRun: null,
  maildrop: null,
  trouble: null,
  pace: null,
  brokenPipelining: null,
  news: [],
};
