import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Readable } from 'node:stream';

import SMTPConnection from 'nodemailer/lib/smtp-connection';

import type { Clock } from '../clock.ts';
import { Failure } from '../failure.ts';
import type { Transport } from '../settings/settings.ts';
import { openConnection, tlsOptions, verifyServer } from './connection.ts';
import { deliveryReports } from './delivery-reports.ts';
import type { Deadlines } from './deadlines.ts';
import { Exchange } from './exchange.ts';
import { heldContent } from './held-content.ts';
import { ProgressWatch } from './progress-watch.ts';
import { NO_FEATURES, parseFeatures, type ServerFeatures } from './server-features.ts';
import { concealer, withoutCredentials, type Conceal } from './secrecy.ts';
import { describeFault, sessionFailure } from './session-failure.ts';
import { ReplyReader } from './smtp-reply.ts';
import { Transcript } from './transcript.ts';

/**
 * A server that answers longer is given up: after the final dot that costs a second copy, so it lies far above what
 * any server says, and far below what would harm.
 */
const MAX_REPLY_OCTETS = 16 * 1024 * 1024;

/** What nodemailer can log in by with a password. */
const MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5'];

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface SessionOptions {
  readonly server: Transport;
  readonly lmtp: boolean;
  /** Asked at each opening, so that a changed password is taken up. */
  readonly login: (() => Promise<Credentials>) | null;
  /** Our name in EHLO or LHLO. */
  readonly helloName: string;
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

/** One mail transaction; every address stands as it goes on the wire. */
export interface Transaction {
  readonly id: string;
  readonly mailFrom: string;
  readonly recipients: readonly string[];
  readonly size: number;
  readonly eightBit: boolean;
  readonly content: () => Readable;
}

/**
 * One connection to the server, over nodemailer's SMTPConnection, which does the commands, STARTTLS, AUTH, PIPELINING
 * and the dot-stuffing. What the server replied is read here, beside it (see {@link ReplyReader}).
 *
 * Strictly serial: two sends at once on one SMTPConnection put the second envelope into the first message.
 */
export class SmtpSession {
  readonly #options: SessionOptions;
  readonly #connection: SMTPConnection;
  readonly #watch: ProgressWatch;
  readonly #reader = new ReplyReader();
  #transcript: Transcript;
  #exchange: Exchange | null = null;
  #abort: ((error: Error) => void) | null = null;
  #greeted = '';
  #authenticating = false;
  /** A lying server may echo what AUTH told it; replies go into logs and the ledger. */
  #conceal: Conceal = (text) => text;
  #features: ServerFeatures = NO_FEATURES;
  #alive = true;
  #stale = false;
  /** Messages carried, refused ones included. */
  served = 0;
  /**
   * Not for another message. Servers that refuse content while it still comes may reply again after the final dot; the
   * next message would take that reply for its own, and every reply after it would be about the command before.
   */
  worn = false;
  /** When it was last put by, milliseconds since the epoch. */
  idleSince = 0;

  private constructor(options: SessionOptions, socket: Socket, transcript: Transcript) {
    const { server, deadlines } = options;
    this.#options = options;
    this.#transcript = transcript;
    this.#watch = new ProgressWatch(options.clock, (text) => {
      this.#drop(new Failure('timeout', 'temporary', text));
    });
    // nodemailer's own timers stand behind ours.
    const backstopMs = deadlines.finalMs + deadlines.commandMs;
    this.#connection = new SMTPConnection({
      host: server.host,
      port: server.port,
      connection: socket,
      secure: server.tls === 'implicit',
      secured: server.tls === 'implicit',
      requireTLS: server.tls === 'starttls',
      ignoreTLS: server.tls === 'none',
      tls: tlsOptions(server),
      name: options.helloName,
      lmtp: options.lmtp,
      logger: {
        debug: (entry: { readonly tnx?: string }, line?: string) => {
          this.#logged(entry.tnx, line ?? '');
        },
      },
      transactionLog: true,
      connectionTimeout: backstopMs,
      greetingTimeout: backstopMs,
      socketTimeout: backstopMs,
      maxResponseSize: MAX_REPLY_OCTETS,
      // A graceful end would flush what is buffered of a message that broke off.
      socketCloseTimeout: 0,
    });
    this.#connection.on('error', (error: Error) => {
      this.#lost(error);
    });
    this.#connection.on('end', () => {
      this.#lost(new Failure('connect', 'temporary', 'the connection was closed'));
    });
  }

  /**
   * Connects, secures, checks the server and logs in; the transcript gets the greeting and all that follows.
   * @throws SessionFailure
   */
  static async open(
    options: SessionOptions,
    transcript: Transcript,
    until: number,
  ): Promise<SmtpSession> {
    const { server, deadlines, clock } = options;
    const left = Math.max(0, until - clock.now());
    let session: SmtpSession | null = null;
    try {
      const socket = await openConnection(server, Math.min(deadlines.connectMs, left));
      transcript.event(`connected to ${server.host}:${server.port}`);
      session = new SmtpSession(options, socket, transcript);
      await session.#greet(until);
      verifyServer(server, session.#connection._socket);
      if (options.login !== null) await session.#logIn(options.login);
      session.#listen();
      return session;
    } catch (error) {
      const where = `${server.host}:${server.port}`;
      const failure = sessionFailure(error, where, session === null ? undefined : session.#conceal);
      transcript.event(failure.message);
      session?.drop();
      throw failure;
    }
  }

  get features(): ServerFeatures {
    return this.#features;
  }

  /** The TLS connection; null: in clear text. */
  get secured(): TLSSocket | null {
    const socket: unknown = this.#connection._socket;
    return socket instanceof TLSSocket ? socket : null;
  }

  /** May carry another message, after {@link reset} if that is due. */
  get alive(): boolean {
    return this.#alive;
  }

  /** Runs one transaction. Never rejects: what went wrong stands in the exchange. */
  async carry(transaction: Transaction, transcript: Transcript, until: number): Promise<Exchange> {
    const exchange = new Exchange(transaction.recipients.length, this.#options.lmtp);
    this.#exchange = exchange;
    this.#transcript = transcript;
    this.served += 1;
    this.#watch.endBy(until);
    const content = this.#hold(transaction, exchange);
    const envelope = {
      from: transaction.mailFrom,
      to: [...transaction.recipients],
      size: transaction.size,
      use8BitMime: transaction.eightBit,
      ...deliveryReports(transaction),
    };
    try {
      this.#awaitReply();
      await this.#run((done) => {
        this.#connection.send(envelope, content, done);
      });
    } catch (error) {
      const fault = this.#conceal(describeFault(error));
      exchange.stopped(fault);
      if (!this.#alive || (exchange.begun && !exchange.complete)) transcript.event(fault);
    }
    content.destroy();
    this.#exchange = null;
    // Mid-message the connection can only be cut: any command would become part of the mail.
    if (exchange.broken || (exchange.begun && !exchange.complete)) this.drop();
    this.#stale = !exchange.complete;
    this.worn = exchange.contentRefused;
    // RSET and QUIT run beside whatever follows the delivery, whose transcript is finished.
    this.#transcript = new Transcript();
    return exchange;
  }

  /**
   * Ends what a refused transaction left behind: without RSET (RFC 5321 section 4.1.1.5) the next MAIL would be a
   * nested one. Afterwards {@link alive} tells whether it helped.
   */
  async reset(): Promise<void> {
    if (!this.#alive || !this.#stale) return;
    this.#watch.endBy(Number.POSITIVE_INFINITY);
    this.#awaitReply();
    try {
      await this.#run((done) => {
        this.#connection.reset(done);
      });
      this.#stale = false;
    } catch {
      this.drop();
    }
  }

  /** Ends the session with QUIT; resolves when the server answered or the wait for it ended. */
  async quit(): Promise<void> {
    if (!this.#alive) return;
    this.#watch.endBy(Number.POSITIVE_INFINITY);
    this.#watch.expect('reply to QUIT', this.#options.deadlines.quitMs);
    try {
      await this.#run(() => {
        this.#connection.quit();
      });
    } catch {
      // The connection's end is how QUIT ends; whether a 221 came before it changes nothing.
      this.drop();
    }
  }

  /** Cuts the connection at once. */
  drop(): void {
    this.#drop(new Failure('connect', 'temporary', 'the connection was cut'));
  }

  async #greet(until: number): Promise<void> {
    this.#watch.endBy(until);
    this.#watch.expect('greeting', this.#options.deadlines.greetingMs);
    await this.#run((done) => {
      this.#connection.connect(done);
    });
    this.#features = parseFeatures(this.#greeted);
  }

  async #logIn(login: () => Promise<Credentials>): Promise<void> {
    const { username, password } = await login();
    const offered = this.#features.auth;
    // Without a common one nodemailer would try PLAIN, and tell the password to a server that did not ask for it.
    if (!offered.some((mechanism) => MECHANISMS.includes(mechanism))) {
      const where = `${this.#options.server.host}:${this.#options.server.port}`;
      const got = offered.length === 0 ? 'none' : offered.join(' ');
      const text = `expected AUTH with one of ${MECHANISMS.join(', ')} in the EHLO reply of ${where}, since a user name is set, got ${got}`;
      throw new Failure('login', 'temporary', text);
    }
    this.#conceal = concealer(username, password);
    this.#authenticating = true;
    this.#awaitReply();
    await this.#run((done) => {
      this.#connection.login({ user: username, pass: password }, done);
    });
    this.#authenticating = false;
  }

  /** Before nodemailer's own listener, which may end the transaction within the same event. */
  #listen(): void {
    const socket = this.#connection._socket;
    if (!socket) return;
    socket.prependListener('data', (chunk: Buffer) => {
      for (const reply of this.#reader.push(chunk)) {
        this.#exchange?.take({ ...reply, text: this.#conceal(reply.text) });
      }
    });
  }

  #hold(transaction: Transaction, exchange: Exchange): Readable {
    const { commandMs } = this.#options.deadlines;
    return heldContent(transaction.content, transaction.size, {
      begun: () => {
        exchange.begun = true;
        if (exchange.mayBegin) return;
        const text =
          'expected a clear yes to a recipient and 354 to DATA, got other answers: nothing was sent';
        throw new Failure('protocol', 'temporary', text);
      },
      progress: () => {
        this.#watch.expect('progress in sending the message', commandMs);
      },
      ended: () => {
        exchange.ended = true;
        this.#awaitReply();
      },
    });
  }

  #awaitReply(): void {
    const { commandMs, finalMs } = this.#options.deadlines;
    if (this.#exchange?.ended === true) this.#watch.expect('reply to the message', finalMs);
    else this.#watch.expect('reply', commandMs);
  }

  /** Runs one step of the connection; its loss and the watch end the step too. */
  async #run(step: (done: (error?: Error | null) => void) => void): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#abort = reject;
        if (!this.#alive) {
          reject(new Failure('connect', 'temporary', 'the connection was closed'));
          return;
        }
        step((error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    } finally {
      this.#abort = null;
      this.#watch.stop();
    }
  }

  #lost(error: Error): void {
    this.#alive = false;
    this.#abort?.(error);
  }

  #drop(error: Failure): void {
    this.#lost(error);
    this.#connection.close();
  }

  /** nodemailer's transaction log holds commands and replies, no content. */
  #logged(kind: string | undefined, line: string): void {
    if (kind === 'client') {
      this.#transcript.command(this.#authenticating ? withoutCredentials(line) : line);
      return;
    }
    if (kind !== 'server') return;
    this.#transcript.reply(this.#conceal(line));
    // Until the session is open the last positive reply is the one to EHLO or LHLO, after STARTTLS the second one.
    if (this.#features === NO_FEATURES && line.startsWith('250')) this.#greeted = line;
    if (this.#abort !== null) this.#awaitReply();
  }
}
