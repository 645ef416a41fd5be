import type { ConnectionOptions, TLSSocket } from 'node:tls';

import { Failure, isFailure } from '../failure.ts';
import type { Command } from './command.ts';
import { encodeCommand } from './command.ts';
import { Exchange } from './exchange.ts';
import { FramingLost } from './maildrop.ts';
import { LineEnds } from './line-ends.ts';
import type { ReplyBody } from './reply-body.ts';
import { quoteServerText } from './server-text.ts';
import type { StatusLine } from './status-line.ts';
import { StrayOctets } from './stray-octets.ts';
import type { LineListener, Reaching } from './transport.ts';
import { Transport } from './transport.ts';
import type { SessionBounds } from './watchdog.ts';
import { Watchdog } from './watchdog.ts';

/**
 * Commands and answers of one connection, first in, first out (RFC 2449 section 6.8).
 *
 * Invariant: an answer resolves only when its last octet has been read and taken. Whatever else happens (close, reset,
 * stall, time limit, a line nobody asked for, a sink that fails) rejects every answer still due, so a message that was
 * cut off can never pass for a whole one.
 */
export class Connection implements LineListener {
  readonly place: string;
  readonly lineEnds = new LineEnds();
  /** How many commands may be on their way at once. */
  window = 1;
  /** Whether the session has failed, and by the server's doing. */
  brokenByServer = false;
  /** Told when the server fails the session with several commands on their way. */
  onBrokenWindow: (() => void) | null = null;
  private readonly transport: Transport;
  private readonly watchdog: Watchdog;
  private readonly inFlight: Exchange[] = [];
  private readonly unsent: Exchange[] = [];
  private readonly stray: StrayOctets;
  private readonly unread: Buffer[] = [];
  private offset = 0;
  private sinkBusy = false;
  private failure: Failure | null = null;
  private lineLost: Failure | null = null;
  private secrets: readonly string[] = [];

  constructor(bounds: SessionBounds, place: string, reaching: Reaching = {}) {
    this.place = place;
    this.transport = new Transport(place, this, reaching);
    this.stray = new StrayOctets(place, (text) => this.quote(text));
    this.watchdog = new Watchdog(bounds, place, (failure, byServer) => {
      this.end(failure, byServer);
    });
  }

  async connect(host: string, port: number): Promise<void> {
    this.watchdog.expect();
    await this.transport.connect(host, port);
  }

  /** Connects in TLS from the first octet. @throws Failure `tls` or `connect` */
  async connectSecurely(
    host: string,
    port: number,
    options: ConnectionOptions,
  ): Promise<TLSSocket> {
    this.watchdog.expect();
    const socket = await this.transport.connectSecurely(host, port, options);
    this.checkAlive();
    return socket;
  }

  /** Goes over to TLS. @throws Failure `tls` or `connect` */
  async secure(options: ConnectionOptions): Promise<TLSSocket> {
    this.checkAlive();
    this.watchdog.expect();
    const socket = await this.transport.secure(options);
    this.checkAlive();
    return socket;
  }

  /** Starts to read: of a new connection, or of one that has just become a TLS one. */
  listen(): void {
    this.watchdog.rest();
    this.transport.listen();
  }

  /** The server's greeting, which comes without a command (RFC 1939 section 4). */
  greeting(): Promise<StatusLine> {
    const exchange = new Exchange({ line: '', name: 'the connection' }, Buffer.alloc(0));
    if (this.failure !== null) {
      exchange.reject(this.failure);
      return exchange.answer;
    }
    this.inFlight.push(exchange);
    this.listen();
    this.watchdog.expect();
    return exchange.answer;
  }

  /**
   * Sends a command, now or when its turn comes, and resolves with +OK and -ERR alike; after a body, at its end.
   * @throws Failure when the answer cannot be had, or what the body's taker threw
   */
  send(command: Command): Promise<StatusLine> {
    let exchange: Exchange;
    try {
      exchange = new Exchange(command, encodeCommand(command));
    } catch (error) {
      return Promise.reject(asError(error));
    }
    const over = this.failure ?? this.lineLost;
    if (over !== null) exchange.reject(over);
    else {
      this.unsent.push(exchange);
      this.dispatchUnsent();
    }
    return exchange.answer;
  }

  /** From here on these too are masked in every text of the server. */
  hide(secrets: readonly string[]): void {
    this.secrets = [...this.secrets, ...secrets];
  }

  /** A server's text, fit to be shown. */
  quote(text: string): string {
    return quoteServerText(text, this.secrets);
  }

  /** Ends the session: all answers due are rejected with `failure`. Safe to call at any time. */
  fail(failure: Failure): void {
    this.end(failure, false);
  }

  octets(chunk: Buffer): void {
    if (this.failure !== null) return;
    this.watchdog.expect();
    this.unread.push(chunk);
    this.drain();
    this.keepUnread();
  }

  /** What came before the line was lost is still read: the last answer and the close often arrive together. */
  lost(failure: Failure): void {
    this.lineLost ??= failure;
    this.drain();
  }

  private end(failure: Failure, byServer: boolean): void {
    if (this.failure !== null) return;
    this.failure = failure;
    this.brokenByServer = byServer;
    if (byServer && this.inFlight.length > 1) this.onBrokenWindow?.();
    this.watchdog.stop();
    this.transport.destroy(failure);
    this.unread.length = 0;
    for (const exchange of [...this.inFlight.splice(0), ...this.unsent.splice(0)]) {
      exchange.reject(failure);
    }
  }

  private checkAlive(): void {
    if (this.failure !== null) throw this.failure;
  }

  private dispatchUnsent(): void {
    while (this.inFlight.length < this.window) {
      const next = this.unsent.shift();
      if (next === undefined) return;
      this.dispatch(next);
    }
  }

  private dispatch(exchange: Exchange): void {
    if (this.inFlight.length === 0) this.watchdog.expect();
    this.inFlight.push(exchange);
    this.transport.write(exchange.octets);
  }

  private drain(): void {
    while (this.failure === null && !this.sinkBusy) {
      const chunk = this.unread[0];
      if (chunk === undefined) break;
      this.offset = this.readOn(chunk, this.offset);
      if (this.offset < chunk.length) continue;
      this.unread.shift();
      this.offset = 0;
    }
    if (this.sinkBusy || this.failure !== null) return;
    if (this.lineLost !== null) this.end(this.lineLost, true);
    else if (this.inFlight.length === 0) this.watchdog.rest();
  }

  /** A chunk is lent: what of it has to wait for the sink is kept in a copy. At most the newest is still lent. */
  private keepUnread(): void {
    const last = this.unread.at(-1);
    if (last === undefined) return;
    const from = this.unread.length === 1 ? this.offset : 0;
    this.unread[this.unread.length - 1] = Buffer.from(last.subarray(from));
    if (this.unread.length === 1) this.offset = 0;
  }

  private readOn(chunk: Buffer, from: number): number {
    const exchange = this.inFlight[0];
    try {
      if (exchange === undefined) return this.stray.read(chunk, from);
      if (exchange.reply === null) return this.readStatus(exchange, chunk, from);
      if (exchange.command.body === undefined) return from;
      return this.readBody(exchange, exchange.command.body, chunk, from);
    } catch (error) {
      this.broken(exchange, error);
      return chunk.length;
    }
  }

  private readStatus(exchange: Exchange, chunk: Buffer, from: number): number {
    const next = exchange.readStatus(chunk, from, (text) => this.quote(text), this.lineEnds);
    if (exchange.reply === null || exchange.hasBody) return next;
    if (exchange.command.lastInClear === true && exchange.reply.status === 'ok') {
      this.refuseInjection(chunk.length - next);
    }
    this.settle(exchange, exchange.reply);
    return next;
  }

  private readBody(exchange: Exchange, body: ReplyBody, chunk: Buffer, from: number): number {
    const step = body.read(chunk, from);
    if (step.wait !== undefined) this.holdBack(exchange, step.wait, step.ended);
    else if (step.ended) this.finish(exchange);
    return step.next;
  }

  /** Back-pressure: no octet is read from the line while the sink works, and the server is not to blame meanwhile. */
  private holdBack(exchange: Exchange, wait: Promise<void>, ended: boolean): void {
    this.sinkBusy = true;
    this.transport.pause();
    this.watchdog.rest();
    wait.then(
      () => {
        this.sinkBusy = false;
        if (this.failure !== null) return;
        if (ended) this.finish(exchange);
        this.watchdog.expect();
        this.transport.resume();
        this.drain();
      },
      (error: unknown) => {
        this.broken(exchange, error);
      },
    );
  }

  private finish(exchange: Exchange): void {
    if (exchange.reply !== null) this.settle(exchange, exchange.reply);
  }

  private settle(exchange: Exchange, reply: StatusLine): void {
    this.inFlight.shift();
    exchange.resolve(reply);
    this.dispatchUnsent();
  }

  /** The place in the answer is lost, so all that follow are too. */
  private broken(exchange: Exchange | undefined, error: unknown): void {
    if (this.failure !== null) return;
    const cause = asError(error);
    exchange?.reject(cause);
    const failure = isFailure(cause)
      ? cause
      : new Failure(
          'internal',
          'temporary',
          `connection to ${this.place} dropped: a message could not be taken in`,
          { cause },
        );
    this.end(failure, failure instanceof FramingLost);
  }

  /**
   * Octets behind the +OK to STLS were sent in clear text, by anybody, and would be taken for answers of the server
   * inside TLS (response injection, as CVE-2011-0411 for SMTP).
   */
  private refuseInjection(octets: number): void {
    if (octets === 0 && this.unread.length <= 1) return;
    throw new Failure(
      'tls',
      'permanent',
      `expected ${this.place} to start TLS after +OK to STLS, got clear text behind it`,
    );
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
