import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';

import { ScriptedSmtpSession } from './scripted-smtp-session.ts';
import type { ReceivedMail, SmtpServerOptions } from './smtp-script.ts';

export interface ScriptedSmtpServer {
  readonly port: number;
  /** Messages that a final reply of 2xx was given for; in LMTP, to at least one recipient, and only those. */
  readonly received: ReceivedMail[];
  /** Command lines as they came, AUTH responses included. */
  readonly commands: string[];
  /** Connections so far. */
  sessions(): number;
  /** Connections open now. */
  open(): number;
  /** Closes every open connection, as a server does that restarts. */
  disconnectAll(): void;
  /** Sends this to every open connection, unasked. */
  say(line: string): void;
  listening(): boolean;
  close(): Promise<void>;
}

/** An SMTP or LMTP server on 127.0.0.1 that records what it gets, and can fail at every step. */
export async function startSmtpServer(
  options: SmtpServerOptions = {},
): Promise<ScriptedSmtpServer> {
  const received: ReceivedMail[] = [];
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const context = options.tls && createSecureContext(options.tls);
  let count = 0;

  const server = createServer((plain) => {
    count += 1;
    // Replies to a pipelined envelope leave one by one: each would wait for the client's delayed ACK.
    plain.setNoDelay(true);
    const socket = options.tls?.mode === 'implicit' && context ? secure(plain, context) : plain;
    const session = new ScriptedSmtpSession(socket, options, {
      number: count,
      received,
      commands,
      upgrade: (clear) => {
        if (!context) throw new Error('STARTTLS without a certificate');
        return track(secure(clear, context));
      },
    });
    track(socket);
    session.start();
  });

  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that goes away is what many tests are about.
    socket.on('error', () => undefined);
    return socket;
  };

  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    received,
    commands,
    sessions: () => count,
    open: () => sockets.size,
    disconnectAll: () => {
      for (const socket of sockets) socket.destroy();
    },
    say: (line) => {
      for (const socket of sockets) socket.write(`${line}\r\n`);
    },
    listening: () => server.listening,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function secure(socket: Socket, secureContext: SecureContext): TLSSocket {
  socket.on('error', () => undefined);
  return new TLSSocket(socket, { isServer: true, secureContext });
}
