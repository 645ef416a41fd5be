import { DELIVERY_ATTEMPT_MS } from '../limits.ts';

/** How long each wait of an SMTP session may take. Milliseconds. */
export interface Deadlines {
  /** From the first SYN to an open connection, with implicit TLS to the end of its handshake. */
  readonly connectMs: number;
  /**
   * The greeting. RFC 5321 section 4.5.3.2.1 allows servers 5 minutes; this is the organisation's own server, which
   * greets at once or is overloaded, and a short wait frees the connection for a retry that is planned anyhow.
   */
  readonly greetingMs: number;
  /** One reply to a command, or one block of content taken (RFC 5321 section 4.5.3.2.2 to .5: 5, 5, 2 and 3 minutes). */
  readonly commandMs: number;
  /** The reply to the final dot (RFC 5321 section 4.5.3.2.6): giving up earlier makes second copies. */
  readonly finalMs: number;
  /** The reply to QUIT: nothing depends on it. */
  readonly quitMs: number;
  /** An unused session is ended after this, well before servers' own idle limits of a minute and more. */
  readonly idleMs: number;
  /** A whole `deliver()`, waiting for a free connection included: the claim on the message ends a minute later. */
  readonly deliveryMs: number;
}

export const DEADLINES: Deadlines = {
  connectMs: 30_000,
  greetingMs: 60_000,
  commandMs: 5 * 60_000,
  finalMs: 10 * 60_000,
  quitMs: 5_000,
  idleMs: 15_000,
  deliveryMs: DELIVERY_ATTEMPT_MS,
};
