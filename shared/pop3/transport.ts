import type { LookupFunction, OnReadOpts, Socket, TcpNetConnectOpts } from 'node:net';
import { connect as connectTcp } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';

import { Failure } from '../failure.ts';
import { CONNECT_ATTEMPT_MS, POP3_READ_OCTETS } from '../limits.ts';
import { socketFailure } from './socket-failure.ts';

/** Who hears what happens on the line. */
export interface LineListener {
  /** The chunk is lent for the call: the next one comes in the same memory. */
  octets(chunk: Buffer): void;
  /** The line is lost; may be told more than once. */
  lost(failure: Failure): void;
}

/** How hosts are found and reached; the system's resolver and {@link CONNECT_ATTEMPT_MS} unless a test decides. */
export interface Reaching {
  readonly lookup?: LookupFunction;
  /** Milliseconds for one address before the next is tried. */
  readonly attemptMs?: number;
}

/** The line to the server: a TCP connection that may become a TLS one. */
export class Transport {
  private readonly place: string;
  private readonly listener: LineListener;
  private readonly reaching: Reaching;
  private socket: Socket | null = null;
  private listening = false;
  private early: Buffer[] = [];
  private securing = false;
  private rejectStep: ((failure: Failure) => void) | null = null;
  private corked = false;

  private readonly onData = (chunk: Buffer): void => {
    // Between the handshake and the first question: kept, since what is lent would be overwritten.
    if (this.listening) this.listener.octets(chunk);
    else this.early.push(Buffer.from(chunk));
  };
  private readonly onError = (error: Error): void => {
    this.listener.lost(socketFailure(error, this.place, this.securing));
  };
  private readonly onClosed = (): void => {
    this.listener.lost(new Failure('connect', 'temporary', `${this.place} closed the connection`));
  };

  constructor(place: string, listener: LineListener, reaching: Reaching = {}) {
    this.place = place;
    this.listener = listener;
    this.reaching = reaching;
  }

  connect(host: string, port: number): Promise<void> {
    return this.step((done) => {
      const socket = connectTcp({ ...this.target(host, port), onread: this.intoOneBuffer() });
      socket.once('connect', done);
      this.adopt(socket);
    });
  }

  /** TLS from the first octet. */
  connectSecurely(host: string, port: number, options: ConnectionOptions): Promise<TLSSocket> {
    return this.step((done) => {
      // Node takes these on a TLS connection too (its documentation of tls.connect); its types do not say so.
      const both: ConnectionOptions & { onread: OnReadOpts } = {
        ...this.target(host, port),
        ...options,
        onread: this.intoOneBuffer(),
      };
      const secured = connectTls(both);
      secured.once('connect', () => {
        this.securing = true;
      });
      this.awaitHandshake(secured, done);
    });
  }

  /** Goes on in TLS on the same connection. What is still unread of the old line goes to the handshake and breaks it. */
  secure(options: ConnectionOptions): Promise<TLSSocket> {
    const plain = this.socket;
    if (plain === null) throw new Failure('internal', 'temporary', 'TLS before a connection');
    this.listening = false;
    // The errors of the plain socket stay listened to: it may still be reset under the TLS one.
    plain.off('end', this.onClosed).off('close', this.onClosed);
    this.securing = true;
    return this.step((done) => {
      const secured = connectTls({ ...options, socket: plain });
      secured.on('data', this.onData);
      this.awaitHandshake(secured, done);
    });
  }

  /** From now on octets are handed over. */
  listen(): void {
    this.listening = true;
    for (const chunk of this.early.splice(0)) this.listener.octets(chunk);
  }

  /** Commands of one turn leave in one packet: a pipelined batch costs one system call. */
  write(octets: Buffer): void {
    const { socket } = this;
    if (socket?.writable !== true) return;
    if (!this.corked) {
      this.corked = true;
      socket.cork();
      process.nextTick(() => {
        this.corked = false;
        socket.uncork();
      });
    }
    socket.write(octets);
  }

  pause(): void {
    this.socket?.pause();
  }

  resume(): void {
    this.socket?.resume();
  }

  /** Drops the line; what is under way on it fails with `failure`. */
  destroy(failure: Failure): void {
    this.listening = false;
    this.socket?.destroy();
    this.rejectStep?.(failure);
  }

  private target(host: string, port: number): TcpNetConnectOpts {
    const { lookup, attemptMs } = this.reaching;
    return {
      host,
      port,
      // IPv4 and IPv6 addresses of the host are tried in turn (RFC 8305).
      autoSelectFamily: true,
      autoSelectFamilyAttemptTimeout: attemptMs ?? CONNECT_ATTEMPT_MS,
      // Commands are small: Nagle against a delayed acknowledgement costs 40 ms each.
      noDelay: true,
      ...(lookup === undefined ? {} : { lookup }),
    };
  }

  /** Reads into the same memory again and again: a new buffer for each read keeps the garbage collector busy. */
  private intoOneBuffer(): OnReadOpts {
    return {
      buffer: Buffer.allocUnsafeSlow(POP3_READ_OCTETS),
      callback: (octets, buffer) => {
        this.onData((buffer as Buffer).subarray(0, octets));
        return true;
      },
    };
  }

  private awaitHandshake(secured: TLSSocket, done: (socket: TLSSocket) => void): void {
    secured.once('secureConnect', () => {
      this.securing = false;
      // Nothing that came in clear text may count as the server's word.
      this.early = [];
      done(secured);
    });
    this.adopt(secured);
  }

  private adopt(socket: Socket): void {
    this.socket = socket;
    // Never taken off: a reset may arrive long after the session is over.
    socket.on('error', this.onError);
    socket.on('end', this.onClosed).on('close', this.onClosed);
  }

  private step<T>(begin: (done: (value: T) => void) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.rejectStep = reject;
      begin((value) => {
        this.rejectStep = null;
        resolve(value);
      });
    });
  }
}
