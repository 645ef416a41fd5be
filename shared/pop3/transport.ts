import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect as connectTls } from 'node:tls';

import { Failure } from '../failure.ts';
import { CONNECT_ATTEMPT_MS } from '../limits.ts';
import { socketFailure } from './socket-failure.ts';

/** Who hears what happens on the line. */
export interface LineListener {
  octets(chunk: Buffer): void;
  /** The line is lost; may be told more than once. */
  lost(failure: Failure): void;
}

/** The line to the server: a TCP connection that may become a TLS one. */
export class Transport {
  private readonly place: string;
  private readonly listener: LineListener;
  private socket: Socket | null = null;
  private securing = false;
  private rejectStep: ((failure: Failure) => void) | null = null;
  private corked = false;

  private readonly onData = (chunk: Buffer): void => {
    this.listener.octets(chunk);
  };
  private readonly onError = (error: Error): void => {
    this.listener.lost(socketFailure(error, this.place, this.securing));
  };
  private readonly onClosed = (): void => {
    this.listener.lost(new Failure('connect', 'temporary', `${this.place} closed the connection`));
  };

  constructor(place: string, listener: LineListener) {
    this.place = place;
    this.listener = listener;
  }

  /** IPv4 and IPv6 addresses of the host are tried in turn (RFC 8305). */
  connect(host: string, port: number): Promise<void> {
    return this.step((done) => {
      const socket = connectTcp({
        host,
        port,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: CONNECT_ATTEMPT_MS,
        // Commands are small: Nagle against a delayed acknowledgement costs 40 ms each.
        noDelay: true,
      });
      socket.once('connect', done);
      this.adopt(socket);
    });
  }

  /** Goes on in TLS on the same connection. What is still unread of the old line goes to the handshake and breaks it. */
  secure(options: ConnectionOptions): Promise<TLSSocket> {
    const plain = this.socket;
    if (plain === null) throw new Failure('internal', 'temporary', 'TLS before a connection');
    plain.off('data', this.onData);
    // The errors of the plain socket stay listened to: it may still be reset under the TLS one.
    plain.off('end', this.onClosed).off('close', this.onClosed);
    this.securing = true;
    return this.step((done) => {
      const secured = connectTls({ ...options, socket: plain });
      secured.once('secureConnect', () => {
        this.securing = false;
        done(secured);
      });
      this.adopt(secured);
    });
  }

  /** From now on octets are handed over. */
  listen(): void {
    this.socket?.on('data', this.onData);
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
    this.socket?.off('data', this.onData);
    this.socket?.destroy();
    this.rejectStep?.(failure);
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
