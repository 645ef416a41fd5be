import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket, type ConnectionOptions } from 'node:tls';

import { Failure } from '../failure.ts';
import type { Transport } from '../settings/settings.ts';
import { tlsReason } from '../tls/tls-reason.ts';

/**
 * Options for the TLS handshake. With a pinned fingerprint the chain is not verified, since a pin is for servers
 * whose certificate no authority signed: {@link verifyServer} has to be called before anything is sent.
 */
export function tlsOptions(transport: Transport): ConnectionOptions {
  const name = transport.serverName ?? transport.host;
  return {
    // RFC 8996: TLS 1.0 and 1.1 are not to be used.
    minVersion: 'TLSv1.2',
    rejectUnauthorized: transport.fingerprint === null,
    ...(transport.ca === null ? {} : { ca: transport.ca }),
    // RFC 6066 section 3: a server name is a name, not an address.
    ...(isIP(name) === 0 ? { servername: name } : {}),
  };
}

/**
 * Opens a TCP connection, with `implicit` TLS also that. nodemailer could do it, but it looks a name up in DNS before
 * the hosts file, and counts the greeting into its time for connecting.
 *
 * @throws Failure `connect`, `tls` or `timeout`, temporary
 */
export function openConnection(transport: Transport, deadlineMs: number): Promise<Socket> {
  const { host, port } = transport;
  return new Promise((resolve, reject) => {
    const implicit = transport.tls === 'implicit';
    const socket = implicit
      ? connectTls({ host, port, ...tlsOptions(transport) })
      : connectTcp({ host, port });
    let reached = false;
    const timer = setTimeout(() => {
      const text = `no connection to ${host}:${port} within ${deadlineMs} ms`;
      reject(new Failure('timeout', 'temporary', text));
      socket.destroy();
    }, deadlineMs);
    socket.once('connect', () => {
      reached = true;
    });
    // Stays for the socket's life: an 'error' between this and the next owner's listener must not end the process.
    socket.on('error', (error: Error) => {
      clearTimeout(timer);
      const text = reached
        ? `no TLS with ${host}:${port}: ${tlsReason(error, codeOf(error))}`
        : `cannot connect to ${host}:${port}: ${describe(error)}`;
      reject(new Failure(reached ? 'tls' : 'connect', 'temporary', text, { cause: error }));
    });
    socket.once(implicit ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** Several addresses of one name fail as an AggregateError, whose own message is empty. */
function describe(error: Error): string {
  if (!(error instanceof AggregateError)) return error.message;
  const messages = error.errors.map((one) => (one instanceof Error ? one.message : String(one)));
  return messages.join('; ');
}

/**
 * The last look at the server before a credential or mail is sent: TLS stands where it is required, and the
 * certificate is the pinned one.
 *
 * @throws Failure `tls`, temporary: mail waits until the server or the setting is put right
 */
export function verifyServer(transport: Transport, socket: unknown): void {
  if (transport.tls === 'none') return;
  const where = `${transport.host}:${transport.port}`;
  if (!(socket instanceof TLSSocket)) {
    throw new Failure(
      'tls',
      'temporary',
      `expected TLS with ${where}, got a clear-text connection`,
    );
  }
  if (transport.fingerprint === null) return;
  const certificate = socket.getPeerX509Certificate();
  const got = certificate?.fingerprint256.replaceAll(':', '').toLowerCase() ?? 'no certificate';
  if (got === transport.fingerprint) return;
  const text = `expected the certificate ${transport.fingerprint} (SHA-256) of ${where}, got ${got}`;
  throw new Failure('tls', 'temporary', text);
}
