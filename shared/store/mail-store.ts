import type { Readable } from 'node:stream';

import type { RecipientState } from '../ledger/message-item.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type { Decision, HeaderEdits } from '../routing/decision.ts';
import type { SpooledMessage } from './spool.ts';

/** `Incoming`: all that lies there is open. `Failed`: a copy of what could not be delivered, with a JSON report beside. */
export type Area = 'Incoming' | 'Failed';

/** What fetch knew of a message when it was stored; kept beside the bytes, never in them. */
export interface ArrivalMetadata {
  /** SHA-256 of the UIDL in hex, null where the server has none. */
  readonly uidlHash: string | null;
  /** Octets stored. */
  readonly size: number;
  /** SHA-256 in hex of all that follows the header block. */
  readonly bodyDigest: string;
  /** Whether any octet is above 127: decides on BODY=8BITMIME (RFC 6152). */
  readonly eightBit: boolean;
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number;
  /** Set on the connector's own notices only: the one address they go to. */
  readonly recipient: string | null;
}

/** A message opened for reading. Read `content` to its end or destroy it. */
export interface OpenedMessage {
  readonly area: Area;
  readonly metadata: ArrivalMetadata;
  readonly content: Readable;
}

/** Where a message lies. */
export interface FoundMessage {
  readonly area: Area;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
}

export interface ListedMessage {
  readonly key: MessageKey;
  /** Milliseconds since the epoch. */
  readonly storedAt: number;
}

/**
 * Port: the bytes of mail. Objects are `<area>/<mailbox>/<sha256>.eml`, and `.json` beside it in `Failed/`.
 * Contract: `test/contract/mail-store.ts`.
 */
export interface MailStore {
  /**
   * Writes a message to `Incoming/`, create-only. Durable when it resolves: it survives power loss from then on.
   * `exists` means that the very same bytes are there already (the key is their digest), and nothing was written.
   * @throws Failure `store`, temporary
   */
  create(
    key: MessageKey,
    message: SpooledMessage,
    metadata: ArrivalMetadata,
  ): Promise<'created' | 'exists'>;

  /**
   * Opens a message: in `Incoming/`, else in `Failed/`; null where neither has it.
   * @param length read no more than the first `length` octets
   */
  open(key: MessageKey, length?: number): Promise<OpenedMessage | null>;

  /** Where a message lies, without a look into it: in `Incoming/`, else in `Failed/`; null where neither has it. */
  find(key: MessageKey): Promise<FoundMessage | null>;

  /**
   * Copies a message to `Failed/` (where it is not there yet) and writes the report beside it, replacing an older
   * one; a null transcript keeps the older one's. Both are durable and confirmed when it resolves. Does not touch
   * `Incoming/`.
   * @throws Failure `store`, permanent, when the message is in neither area
   */
  park(key: MessageKey, report: FailureReport): Promise<void>;

  /** The report beside a copy in `Failed/`, as it stands there; null where there is none, or no JSON in it. */
  report(key: MessageKey): Promise<unknown>;

  /** Removes a message; in `Failed/` the copy first, then its report. No error where there is none. */
  remove(area: Area, key: MessageKey): Promise<void>;

  /** All of an area, in no order. What is written or removed meanwhile may or may not be seen. */
  list(area: Area): AsyncIterable<ListedMessage>;

  /** Every report in `Failed/`, with or without its copy, as {@link list} does. `storedAt` is the report's. */
  listReports(): AsyncIterable<ListedMessage>;
}

/** `Failed/<mailbox>/<sha256>.json`: why, in words and replies, with every recipient's state, so that a ledger item can be rebuilt from it. */
export interface FailureReport {
  readonly key: string;
  readonly mailbox: string;
  /** `refused`, `expired`, `held` or `internal`. */
  readonly reason: string;
  /** In words a mail administrator understands. */
  readonly explanation: string;
  /** ISO 8601. */
  readonly parkedAt: string;
  readonly arrivedAt: string;
  readonly size: number;
  readonly messageId: string | null;
  readonly envelope: { readonly mailFrom: string; readonly recipients: readonly string[] };
  readonly recipients: readonly FailedRecipient[];
  /** The decision, so that the ledger's item can be rebuilt. */
  readonly outcome: Decision['outcome'];
  readonly decidedAt: string;
  readonly edits: HeaderEdits;
  readonly warnings: readonly string[];
  /** The SMTP session that ended in the refusal, without secrets and content; null where none is at hand. */
  readonly transcript: readonly string[] | null;
}

export interface FailedRecipient {
  readonly address: string;
  readonly source: string;
  readonly rule: number | null;
  readonly alias: string | null;
  readonly state: RecipientState['state'];
  readonly attempts: number;
  readonly reason: RecipientState['reason'];
  readonly code: number | null;
  readonly enhancedCode: string | null;
  readonly reply: string | null;
  readonly host: string | null;
  readonly at: string | null;
}
