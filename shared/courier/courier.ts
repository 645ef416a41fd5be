import type { Readable } from 'node:stream';

import type { Permanence } from '../failure.ts';

/** The envelope of SMTP (RFC 5321 section 2.3.1); `mailFrom` is `''` for the null reverse-path. */
export interface Envelope {
  readonly mailFrom: string;
  /** At most {@link Courier.recipientsAtOnce}. */
  readonly recipients: readonly string[];
}

/** What is handed over: an envelope and a stream of the message as it shall arrive. */
export interface Parcel {
  /** Names the message to the mail system (ENVID, RFC 3461 section 4.4; SES's tag); the same at each attempt. */
  readonly id: string;
  readonly envelope: Envelope;
  /**
   * Octets as they shall arrive, edits applied. Called at most once, and only when the server takes DATA: never for a
   * refused envelope.
   */
  readonly content: () => Readable;
  /** Octets of `content`, exactly: content that ends elsewhere is taken for broken off, and not sent. */
  readonly size: number;
  readonly eightBit: boolean;
}

/** What became of one recipient in this attempt, in the server's own words where it spoke. */
export interface RecipientReply {
  readonly address: string;
  readonly verdict: 'sent' | Permanence;
  /**
   * SMTP reply code (RFC 5321 section 4.2); null where no reply came (connection refused, time-out). Where the server's
   * EHLO already rules the message out (SIZE, SMTPUTF8), the code that it would have replied.
   */
  readonly code: number | null;
  /** Enhanced status code (RFC 3463), `5.1.1`. */
  readonly enhancedCode: string | null;
  /** The reply's text or the fault, one line, at most 200 octets. */
  readonly text: string;
  /** `mail.corp.example:587`. */
  readonly host: string;
}

export interface HandOver {
  /**
   * What it says of the destination as a whole. `works`: it took part in a transaction. `down`: no session came about,
   * or it refused the session; the next message fares alike. `unclear`: neither can be said.
   */
  readonly destination: 'works' | 'down' | 'unclear';
  /**
   * The refusal was one for all, and may be over one of the recipients: handed over to each alone, the others may get
   * it. Only where nobody got it, and there are several.
   */
  readonly divisible: boolean;
  /**
   * Put off only since the transaction had as many recipients as the server takes at once: one of their own may take
   * them now (RFC 5321 section 4.5.3.1.10).
   */
  readonly crowdedOut: readonly string[];
  /** One for each recipient of the envelope, in its order. */
  readonly replies: readonly RecipientReply[];
  /** The session's commands and replies; no secret, no content. */
  readonly transcript: readonly string[];
}

/**
 * Port: hands a message to the organisation's mail system.
 * Never throws for what a server or the network does: that is a reply. Contract: `test/contract/courier.ts`.
 */
export interface Courier {
  /** Recipients in one parcel at most: the caller divides, since it writes down the replies of each before the next. */
  readonly recipientsAtOnce: number;
  deliver(parcel: Parcel): Promise<HandOver>;
  /** Ends the sessions that are kept for reuse (QUIT). */
  close(): Promise<void>;
}
