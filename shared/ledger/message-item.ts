import type { Decision } from '../routing/decision.ts';

/**
 * What the ledger keeps of one message: decision, recipients and their last replies, the claim, the next due time.
 * One item a message; every change is one of the pure transitions beside this type, applied by an adapter either in
 * a transaction (SQLite) or by a conditional write on `version` (DynamoDB).
 */
export interface MessageItem {
  readonly decision: Decision | null;
  readonly recipients: readonly RecipientState[];
  /** When the decision was stored: retries are counted from here. Milliseconds since the epoch, as all times here. */
  readonly decidedAt: number | null;
  readonly arrivedAt: number;
  /** When a job for it was last put on a queue. */
  readonly queuedAt: number;
  /** The attempt that is under way. */
  readonly claim: DeliveryClaim | null;
  /** Attempts that were started and reached no outcome; too many park the message (`MAX_STARTS`). */
  readonly starts: number;
  /** Attempts that ended with a deferral: picks the gap before the next one. */
  readonly deferrals: number;
  /** Not before this time; null before a first attempt. */
  readonly nextDue: number | null;
  /** When the last recipient reached its end. */
  readonly endedAt: number | null;
  /** Last time that fetch met the same bytes again. */
  readonly seenAt: number | null;
  /** It was left on the server (`keep`) and not seen to go: it is remembered as long as it is there. */
  readonly onServer: boolean;
  /** When it had left the server. */
  readonly goneAt: number | null;
  /** When its copy in `Failed/` was removed for good. */
  readonly copyRemovedAt: number | null;
  /** Its Message-ID as written, for `trace`; null: it has none, or is not decided. */
  readonly messageId: string | null;
  /** From the first recipient that failed on; of a held message, from its decision. */
  readonly failure: FailureHistory | null;
}

/** What people were told of a failure, and did about it. */
export interface FailureHistory {
  /** Failures up to this time are told; null: none. */
  readonly noticedAt: number | null;
  /** The last retry: giving up counts from here again. */
  readonly retriedAt: number | null;
  /** Who removed the copy in `Failed/` for good. */
  readonly removedBy: string | null;
}

export interface DeliveryClaim {
  readonly token: string;
  readonly until: number;
}

/**
 * `waiting`: not tried or put off. Ends: `sent`, `duplicate` (another message has it), `failed` (refused or given
 * up; its copy lies in Failed/).
 */
export type RecipientEnd = 'sent' | 'duplicate' | 'failed';

export interface RecipientState {
  readonly address: string;
  readonly state: 'waiting' | RecipientEnd;
  readonly attempts: number;
  /** Why it failed, when the last word was not a permanent reply: `expired`, `internal`. */
  readonly reason: 'refused' | 'expired' | 'internal' | null;
  readonly lastReply: LastReply | null;
}

export interface LastReply {
  readonly code: number | null;
  readonly enhancedCode: string | null;
  /** At most 200 octets. */
  readonly text: string;
  readonly host: string;
  readonly at: number;
}
