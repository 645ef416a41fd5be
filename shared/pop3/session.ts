import { Failure } from '../failure.ts';
import type { Capabilities } from './capa.ts';
import { capabilityLines, loginDelayMs, readCapabilities } from './capa.ts';
import type { Connection } from './connection.ts';
import { dele } from './dele.ts';
import { readListing } from './listing.ts';
import type { ExaminedMaildrop, Listing, MailSink, MessageNumber } from './maildrop.ts';
import type { Mechanism } from './mechanism-choice.ts';
import type { Agreement, Pipelining } from './pipelining.ts';
import { quit, takeLeave } from './quit.ts';
import { retrieve } from './retr.ts';
import { confirmByStat } from './stat.ts';
import { top } from './top.ts';

/** A maildrop in the TRANSACTION state (RFC 1939 section 5). */
export class Pop3Session implements ExaminedMaildrop {
  /** What the server said of itself after login, else before; null where it knows no CAPA. */
  readonly capabilities: Capabilities | null;
  /** What let us in. */
  readonly mechanism: Mechanism;
  readonly pipelining: Pipelining;
  private readonly connection: Connection;
  private hasMarked = false;

  constructor(connection: Connection, agreement: Agreement, mechanism: Mechanism) {
    this.connection = connection;
    this.capabilities = agreement.capabilities;
    this.pipelining = agreement.pipelining;
    this.mechanism = mechanism;
  }

  get loginDelayMs(): number | null {
    return loginDelayMs(this.capabilities);
  }

  askCapabilities(): Promise<readonly string[] | null> {
    return marked(readCapabilities(this.connection).then(capabilityLines));
  }

  listing(): Promise<Listing> {
    const offersUidl = this.capabilities?.has('UIDL') === true;
    return marked(readListing(this.connection, offersUidl));
  }

  retrieve(number: MessageNumber, sink: MailSink): Promise<void> {
    return marked(retrieve(this.connection, number, sink));
  }

  top(number: MessageNumber, sink: MailSink): Promise<void> {
    return marked(top(this.connection, number, sink));
  }

  delete(number: MessageNumber): Promise<void> {
    this.hasMarked = true;
    return marked(dele(this.connection, number));
  }

  confirm(): Promise<boolean> {
    return marked(confirmByStat(this.connection));
  }

  quit(): Promise<void> {
    return marked(this.hasMarked ? quit(this.connection) : takeLeave(this.connection));
  }

  abandon(): void {
    const { place } = this.connection;
    this.connection.fail(new Failure('connect', 'temporary', `session with ${place} abandoned`));
  }
}

/**
 * Pipelined calls are often awaited in turn: a reset rejects them all at once, and one that is not awaited yet must
 * not end the process as an unhandled rejection. Whoever awaits still gets the error.
 */
function marked<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
