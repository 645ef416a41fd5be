import { asFailure } from '../../shared/failure.ts';
import type { Failure, FailureKind } from '../../shared/failure.ts';
import type { ListedMail } from '../../shared/pop3/maildrop.ts';

/**
 * The session ended while the answer for this message was due. The server gives answers in order, so it is the message
 * that the server was at; whether it was to blame, only further tries can tell.
 */
export class BrokeOffAt extends Error {
  override readonly name = 'BrokeOffAt';
  readonly mail: ListedMail;
  readonly failure: Failure;

  constructor(mail: ListedMail, cause: unknown) {
    const failure = asFailure(cause);
    super(failure.message, { cause });
    this.mail = mail;
    this.failure = failure;
  }

  /** A full disk, say, is not the message's doing. */
  get isServers(): boolean {
    return SERVERS.has(this.failure.kind);
  }
}

const SERVERS: ReadonlySet<FailureKind> = new Set(['connect', 'protocol', 'timeout']);
