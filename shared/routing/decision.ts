/**
 * What routing decides for one message. Pure data: it is stored in the ledger, so it holds no mail content
 * (no Subject, no body) and nothing that delivery would have to look up again.
 */
export interface Decision {
  readonly outcome: 'deliver' | 'undeliverable' | 'held';
  readonly recipients: readonly DecidedRecipient[];
  /** The first {@link MAX_IGNORED} candidates that were passed over, and why. */
  readonly ignored: readonly IgnoredCandidate[];
  /** How many were passed over in all. */
  readonly ignoredCount: number;
  /** MAIL FROM; `''` is the null reverse-path. */
  readonly mailFrom: string;
  readonly edits: HeaderEdits;
  readonly warnings: readonly string[];
  /** What was asked for recipients, in order; absent: nothing was (fixed recipients, a held message). */
  readonly consulted?: readonly ConsultedSource[];
}

/** One source, or the rules, and what it gave. */
export interface ConsultedSource {
  /** In words: `X-Original-To (topmost)`, `To, Cc, Apparently-To`, `rules`. */
  readonly source: string;
  /** Addresses that stand there, or that rules added. */
  readonly addresses: number;
  /**
   * `decides`: it gave recipients. It gave none, since the field was not there (`absent`), was not above the Received
   * that vouches for it (`untrusted`), named nobody (`empty`), or nobody of ours (`refused`; no rule matched).
   * `notAsked`: an earlier one had decided.
   */
  readonly result: 'decides' | 'absent' | 'untrusted' | 'empty' | 'refused' | 'notAsked';
}

export interface DecidedRecipient {
  readonly address: string;
  /** `To`, `Cc`, `mailbox`, `undeliverable`, `rule`, `notice` (our own), a header's name … (interfaces.md, explain). */
  readonly source: string;
  /** Number of the rule from 1. */
  readonly rule: number | null;
  /** The address that was mapped to this one. */
  readonly alias: string | null;
}

export interface IgnoredCandidate {
  readonly address: string;
  readonly source: string;
  readonly reason: string;
}

/** Header edits, planned by route and applied by deliver while the header block passes. */
export interface HeaderEdits {
  /** Names of fields to remove, every occurrence, compared without case. */
  readonly remove: readonly string[];
  /** Old name to new name, every occurrence. */
  readonly rename: Readonly<Record<string, string>>;
  /** Whole fields with their folding, without the line end, to put on top in this order. */
  readonly add: readonly string[];
}

/** Candidates kept in the decision record; the rest is only counted. */
export const MAX_IGNORED = 50;
/** More recipients than this hold the message: it would not fit one ledger item. */
export const MAX_RECIPIENTS = 1000;
