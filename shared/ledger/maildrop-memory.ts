import type { SessionId } from './uidl-record.ts';

/**
 * What the mailbox record holds of the maildrop, so that an unchanged listing costs no other read. Small: the record
 * is written several times a run.
 */
export interface MaildropMemory {
  /** Digest of host and user name. */
  readonly account: string;
  /** When this account was first listed: what stood there then is its backlog. */
  readonly firstRunAt: number;
  /** Whether the backlog is recorded, UIDL by UIDL, where `initial` asks for it. */
  readonly backlogRecorded: boolean;
  /** Accounts that this mailbox had before, newest first: to come back to one is no first run. */
  readonly earlier: readonly { readonly account: string; readonly firstRunAt: number }[];
  /** The last session that sent DELE; 0: none yet. */
  readonly deleBegunIn: SessionId;
  /** The server numbered anew; `noticed`: its notice is posted. */
  readonly renumbering: { readonly at: number; readonly noticed: boolean } | null;
  /** How the maildrop was left; null: by a run that did not end well, so that the next one looks at everything. */
  readonly listing: ListingMemory | null;
  /** A cap or the time ended the last run, and it got somewhere: the next one goes on at once. */
  readonly goesOn: boolean;
  /** Kept for status, whatever became of the last run. */
  readonly staying: StayingMail;
}

/** How a run that ended well left the maildrop. */
export interface ListingMemory {
  /** Of UIDLs and sizes, and of the settings that say what to do with them. */
  readonly digest: string;
  /** SHA-256 of kept messages that can only be deleted when they are final, and were not; null: too many to list. */
  readonly unsettled: readonly string[] | null;
  /** When the next deletion or retry is due, whatever the listing; null: never. */
  readonly dueAt: number | null;
  /** How many records stand for listed messages: without any there is nothing to look up. */
  readonly recorded: number;
  /** New messages not yet fetched. */
  readonly left: number;
}

/** Messages that stay on the server, and why. */
export interface StayingMail {
  /** Larger than `limits.messageBytes`. */
  readonly tooLarge: number;
  /** The server would not give them, several times. */
  readonly unretrievable: number;
  /** Left by `initial`. */
  readonly skipped: number;
}

export const NOTHING_STAYS: StayingMail = { tooLarge: 0, unretrievable: 0, skipped: 0 };
