import type { TLSSocket } from 'node:tls';

import { Failure } from '../failure.ts';
import { checkFingerprint, tlsOptions } from './certificate.ts';
import type { Connection } from './connection.ts';
import type { MaildropAddress } from './maildrop.ts';

/** TLS from the first octet; the server is held to its certificate before any credential. */
export async function connectSecurely(
  connection: Connection,
  address: MaildropAddress,
): Promise<void> {
  const { host, port } = address;
  holdTo(address, connection, await connection.connectSecurely(host, port, tlsOptions(address)));
}

/**
 * STLS (RFC 2595 section 4), as a must: whoever can answer -ERR here could otherwise read the password.
 * Asked without looking at CAPA, which came in clear text and proves nothing.
 * @throws Failure `tls`, permanent, when refused, when clear text follows, or for the certificate
 */
export async function startTls(connection: Connection, address: MaildropAddress): Promise<void> {
  const reply = await connection.send({ line: 'STLS', name: 'STLS', lastInClear: true });
  if (reply.status !== 'ok') {
    throw new Failure(
      'tls',
      'permanent',
      `expected ${connection.place} to offer STLS, got: ${connection.quote(reply.text)}`,
    );
  }
  holdTo(address, connection, await connection.secure(tlsOptions(address)));
  connection.listen();
}

function holdTo({ fingerprint }: MaildropAddress, connection: Connection, socket: TLSSocket): void {
  if (fingerprint !== null) checkFingerprint(socket, fingerprint, connection.place);
}
