import { Failure } from '../failure.ts';
import { checkFingerprint, tlsOptions } from './certificate.ts';
import type { Connection } from './connection.ts';
import type { MaildropAddress } from './maildrop.ts';

/** Puts TLS on the connection and holds the server to its certificate, before any credential. */
export async function secureConnection(
  connection: Connection,
  address: MaildropAddress,
): Promise<void> {
  const socket = await connection.secure(tlsOptions(address));
  if (address.fingerprint !== null) {
    checkFingerprint(socket, address.fingerprint, connection.place);
  }
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
  await secureConnection(connection, address);
  connection.listen();
}
