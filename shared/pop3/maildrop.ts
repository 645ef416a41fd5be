import { Failure } from '../failure.ts';
import type { Authentication } from '../settings/settings.ts';
import type { TlsFacts } from '../tls/tls-facts.ts';
import type { PipeliningMemory } from './pipelining.ts';

/** A message number of one session (RFC 1939 section 5). Branded: it must never be taken for a UIDL. */
export type MessageNumber = number & { readonly brand: 'MessageNumber' };

export interface ListedMail {
  readonly number: MessageNumber;
  /** Octets by LIST: an estimate only, servers' own answers differ from what they send. */
  readonly size: number;
  /** Unique id as the server wrote it, any length; null where the server has no UIDL or its line was broken. */
  readonly uidl: string | null;
}

export interface Listing {
  readonly mails: readonly ListedMail[];
  /** Whether the server offers UIDL at all. */
  readonly hasUidl: boolean;
  /** Lines of LIST or UIDL that could not be read: those messages are left alone in this run. */
  readonly unreadable: number;
}

/** Takes the octets of one message, dot-unstuffed, terminator removed. */
export interface MailSink {
  /**
   * A promise means: no more until it resolves.
   * @param chunk lent for the call alone, also where it returns a promise: keep a copy
   */
  write(chunk: Buffer): void | Promise<void>;
}

/**
 * Port: an open, authenticated POP3 session, in the TRANSACTION state.
 * Every method rejects with a {@link Failure} (`protocol`, `timeout`, `connect`) when the server breaks off; after
 * that the session is dead and nothing was deleted.
 */
export interface Maildrop {
  /** What the server demands between two logins, milliseconds; null: nothing (LOGIN-DELAY, RFC 2449 section 6.5). */
  readonly loginDelayMs: number | null;
  listing(): Promise<Listing>;
  /**
   * RETR. May be called again before the first resolves: commands are pipelined where the server takes it, else
   * sent one by one. Resolves when the terminator came; a message that broke off rejects, never resolves.
   * A -ERR rejects with a {@link MailRefused} and leaves the session alive.
   */
  retrieve(number: MessageNumber, sink: MailSink): Promise<void>;
  /** The header block by `TOP n 0`; rejects with {@link MailRefused} where the server has no TOP. */
  top(number: MessageNumber, sink: MailSink): Promise<void>;
  /** DELE: marked only; nothing is deleted before QUIT. */
  delete(number: MessageNumber): Promise<void>;
  /**
   * Asks a question whose answer is like no other (STAT): resolves when it came behind the answers to all that was
   * asked before. Rejects with {@link FramingLost} when something else did: then one of these was not what it seemed.
   * @returns false: it was refused, which says nothing where anything before it was refused as well
   */
  confirm(): Promise<boolean>;
  /**
   * QUIT: resolves only on +OK, that is when the marked messages are gone (RFC 1939 section 6). Where nothing was
   * marked it is mere politeness, and resolves however the server takes it.
   */
  quit(): Promise<void>;
  /** Drops the connection without QUIT: what was marked stays. Safe to call at any time. */
  abandon(): void;
}

/** The server answered -ERR for one message; the session goes on. */
export class MailRefused extends Error {
  override readonly name = 'MailRefused';
  /** Extended response code in upper case: `SYS/TEMP`, `SYS/PERM`; null without one. */
  readonly responseCode: string | null;

  constructor(message: string, responseCode: string | null = null) {
    super(message);
    this.responseCode = responseCode;
  }
}

/**
 * What came where an answer should begin is none: the place in the conversation is lost, and the session with it. The
 * answer before it may have ended elsewhere than it seemed, as when a server does not stuff dots and a message has a
 * line with one alone.
 */
export class FramingLost extends Failure {
  constructor(message: string) {
    super('protocol', 'temporary', message);
  }
}

export interface MaildropAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  /** PEM of the authorities to trust instead of the system's; null: the system's. */
  readonly ca: string | null;
  /** SHA-256 of the server's certificate, 64 hex digits in lower case; null: none pinned. */
  readonly fingerprint: string | null;
  /** The name that the certificate is for; absent: `host`. */
  readonly serverName?: string;
}

export interface MaildropLogin {
  readonly username: string;
  /** The password or, with OAuth, an access token. */
  readonly secret: { readonly kind: 'password' | 'token'; readonly value: string };
  readonly auth: Authentication;
  /** Whether password or token may cross an unencrypted connection. */
  readonly cleartextAllowed: boolean;
}

export interface SessionLimits {
  /** Bounds the whole session. Milliseconds since the epoch. */
  readonly deadline: number;
  /** Ends the session at once. */
  readonly signal: AbortSignal;
  /** Absent: nothing is known, and nobody wants to be told. */
  readonly pipelining?: PipeliningMemory;
  readonly observer?: SessionObserver;
}

/** Told what a server shows of itself before the login, as it happens: also by a session that then fails. */
export interface SessionObserver {
  /** The text of the greeting, fit to be shown. */
  greeted(text: string): void;
  secured(facts: TlsFacts): void;
  offered(offer: ServerOffer): void;
}

export interface ServerOffer {
  /** Lines of CAPA as they were sent, in upper case; null where the server knows no CAPA. */
  readonly capabilities: readonly string[] | null;
  /** The mechanism that a login would use first; null: none is possible. */
  readonly mechanism: string | null;
  /** Why none is. */
  readonly obstacle: string | null;
  readonly loginDelayMs: number | null;
}

/** An open maildrop that tells more of its server than a run needs. */
export interface ExaminedMaildrop extends Maildrop {
  /** The mechanism that let us in. */
  readonly mechanism: string;
  readonly pipelining: 'offered' | 'shown' | 'none';
  /** CAPA once more, as it is after the login; null where the server knows no CAPA. */
  askCapabilities(): Promise<readonly string[] | null>;
}

/** Port: opens a maildrop to look at its server. */
export interface MaildropExaminer {
  /** @throws as {@link MaildropOpener} */
  open(
    address: MaildropAddress,
    login: MaildropLogin,
    limits: SessionLimits,
  ): Promise<ExaminedMaildrop>;
  /**
   * Connects, tells the observer what the server shows, and leaves without a login.
   * @param verify false: whatever certificate the server has is accepted, to be shown; nothing secret is ever sent
   * @throws Failure `connect`, `tls`, `protocol` or `timeout`
   */
  probe(
    address: MaildropAddress,
    wish: Pick<MaildropLogin, 'auth' | 'cleartextAllowed'> & {
      readonly credential: MaildropLogin['secret']['kind'];
    },
    limits: SessionLimits,
    verify: boolean,
  ): Promise<void>;
}

/** Port: opens a maildrop. */
export interface MaildropOpener {
  /** @throws Failure `connect`, `tls`, `login`, `protocol` or `timeout` */
  open(address: MaildropAddress, login: MaildropLogin, limits: SessionLimits): Promise<Maildrop>;
}
