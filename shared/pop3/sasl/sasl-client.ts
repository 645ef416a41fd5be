import type { Mechanism } from '../mechanism-choice.ts';

/** The client's part of one SASL exchange (RFC 4422); for one login, then thrown away. */
export interface SaslClient {
  readonly mechanism: Mechanism;
  /** What the client says first; null where the server speaks first. */
  readonly initial: Buffer | null;
  /** Set where {@link initial} names nobody: an -ERR to it refuses the mechanism and not the login. */
  readonly anonymousStart?: true;
  /** Set where a server may answer the bare AUTH command with +OK instead of `+` (MS-POP3, for NTLM). */
  readonly startsAtOk?: true;
  /** Set where the initial response may stand in one line with AUTH though it is longer than RFC 5034 allows. */
  readonly longInitial?: true;
  /**
   * The answer to a challenge.
   * @throws SaslFault when the server breaks the mechanism's rules; the exchange is then cancelled
   */
  respond(challenge: Buffer): Buffer | Promise<Buffer>;
  /**
   * Called at +OK.
   * @throws SaslFault when the server owed a proof and let us in without it
   */
  finish?(): void;
  /** What the server said of its refusal within the exchange. */
  readonly detail?: string | null;
}

/**
 * The server's part of the exchange is not what the mechanism allows.
 * @param genuine false: the server failed to prove that it knows the password, so it may be another one
 */
export class SaslFault extends Error {
  override readonly name = 'SaslFault';
  readonly genuine: boolean;

  constructor(message: string, genuine = true) {
    super(message);
    this.genuine = genuine;
  }
}
