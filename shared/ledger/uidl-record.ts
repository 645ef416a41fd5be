/** UIDLs belong to a mailbox at one host under one user name: another host or user numbers anew. */
export interface MaildropAccount {
  readonly mailbox: string;
  readonly host: string;
  readonly username: string;
}

/** What is known of one message on the server. Times are milliseconds since the epoch. */
export interface UidlRecord {
  /**
   * What it is found by: SHA-256 of the UIDL in hex, since UIDLs have any length and any octets. Where the server has
   * none, of size and header digest.
   */
  readonly uidlHash: string;
  /** Size by LIST: the same UIDL with another size is another message. */
  readonly size: number;
  /** SHA-256 in hex of the header block, as `TOP n 0` has to give it again; null: not read. */
  readonly headerDigest: string | null;
  readonly state: UidlState;
  /** When it was seen first; by its bytes, where these were known under another UIDL. Days of `keep` count from here. */
  readonly firstSeenAt: number;
  /** When it was taken, or what is known of it last changed. */
  readonly seenAt: number;
  /** When it left the listing, or its DELE comes next; it is forgotten some time after that. null: it is listed. */
  readonly goneAt: number | null;
  /** The server would not give it; null: it never failed, or was taken since. */
  readonly trouble: Trouble | null;
}

export type UidlState =
  | {
      /** Retrieved, durable and recorded. */
      readonly kind: 'taken';
      readonly sha256: string;
      /**
       * The session that means to delete it. Once that session has sent any DELE, the UIDL is no longer known: what is
       * listed under it may be another message. null: nobody ever meant to.
       */
      readonly deleIn: SessionId | null;
      /** The UIDL stood for two messages at once: it is known of neither until it stands alone and is retrieved again. */
      readonly shared: boolean;
    }
  | {
      /** Stood in the listing when the account was first met: carried or left as `initial` says. */
      readonly kind: 'backlog';
      /** Whether its header block was read. */
      readonly read: boolean;
      /** Of the topmost Received field, else of Date; null: not read, or unreadable. */
      readonly date: number | null;
    }
  /** Larger than the limit. `noticed`: its notice is posted. */
  | { readonly kind: 'oversize'; readonly noticed: boolean }
  /** Still to be taken; here because of its trouble. */
  | { readonly kind: 'untaken' };

/** Retrievals of one message that failed, one after another. */
export interface Trouble {
  readonly failures: number;
  /** When it last failed. */
  readonly at: number;
  /** Not before this time. */
  readonly nextTryAt: number;
  /** Its notice is posted. */
  readonly noticed: boolean;
}

/** When a session began: within one mailbox, whose lease it holds, a later session has a higher one. */
export type SessionId = number;
