import type { MessageKey } from '../mail/message-key.ts';
import type { DestinationRecord } from './destination-record.ts';
import type { MailboxRecord } from './mailbox-record.ts';
import type { MessageItem } from './message-item.ts';
import type { MaildropAccount, UidlRecord } from './uidl-record.ts';

/**
 * A pure change of one record: gets the stored one (null: none yet) and gives what to store and what to tell the
 * caller. May be run again when somebody else was faster. `store: null` leaves the record as it is.
 */
export type Transition<Record, Answer> = (record: Record | null) => {
  readonly store: Record | null;
  readonly answer: Answer;
};

/** Port: one record a mailbox: lease, last run, ad-hoc request. */
export interface MailboxLedger {
  read(mailbox: string): Promise<MailboxRecord | null>;
  change<Answer>(mailbox: string, transition: Transition<MailboxRecord, Answer>): Promise<Answer>;
}

/** Port: the one record of the destination, while it gives trouble. */
export interface DestinationLedger {
  read(): Promise<DestinationRecord | null>;
  change<Answer>(transition: Transition<DestinationRecord, Answer>): Promise<Answer>;
}

/** Port: one item a message. */
export interface MessageLedger {
  /** The items that exist, by `formatKey`. */
  find(keys: readonly MessageKey[]): Promise<ReadonlyMap<string, MessageItem>>;
  change<Answer>(key: MessageKey, transition: Transition<MessageItem, Answer>): Promise<Answer>;
}

/** Port: what is known of UIDLs. A shortcut that saves a RETR, never a proof. */
export interface UidlLedger {
  /** The records there are, by `uidlHash`. */
  find(
    account: MaildropAccount,
    uidlHashes: readonly string[],
  ): Promise<ReadonlyMap<string, UidlRecord>>;
  /** Every record of the account, by `uidlHash`; one that has expired may or may not be among them. */
  all(account: MaildropAccount): Promise<ReadonlyMap<string, UidlRecord>>;
  /** Durable when it resolves; replaces older records of the same UIDLs. */
  record(account: MaildropAccount, records: readonly UidlRecord[]): Promise<void>;
}

export interface DuplicateClaim {
  readonly mailbox: string;
  /** Lower case. */
  readonly recipient: string;
  /** Digest of what makes two messages the same mail: `shared/mail/duplicate-key.ts`. */
  readonly duplicateKey: string;
}

/** Port: who was first. */
export interface DuplicateLedger {
  /**
   * Claims each for `owner` (a sha256) unless another message has an unexpired claim on it.
   * @returns the owner of each, in the order asked; the asker's own sha256 where it got or had the claim
   */
  claim(
    claims: readonly DuplicateClaim[],
    owner: string,
    times: { readonly now: number; readonly expiresAt: number },
  ): Promise<readonly string[]>;
}
