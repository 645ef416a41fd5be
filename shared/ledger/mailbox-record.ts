import type { FailureKind } from '../failure.ts';
import type { MaildropMemory } from './maildrop-memory.ts';

/** What the ledger keeps of one mailbox. Times are milliseconds since the epoch. */
export interface MailboxRecord {
  readonly lease: Lease | null;
  readonly lastStartedAt: number | null;
  readonly lastEndedAt: number | null;
  readonly lastSuccessAt: number | null;
  /** The newest ad-hoc request: a mailbox is due while its last started run lies before it. */
  readonly requestedAt: number | null;
  readonly lastRun: RunResult | null;
  /** How its maildrop was left; null: it was never listed. */
  readonly maildrop: MaildropMemory | null;
}

/** One fetch at a time: a run that finds a live lease ends. It expires by itself, so a crash blocks nobody for long. */
export interface Lease {
  readonly owner: string;
  readonly until: number;
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
  requestedAt: null,
  lastRun: null,
  maildrop: null,
};
