import type { TLSSocket } from 'node:tls';

import { Failure } from '../failure.ts';
import { tlsFacts } from '../tls/tls-facts.ts';
import type { TlsFacts } from '../tls/tls-facts.ts';
import { checkFingerprint, tlsOptions } from './certificate.ts';
import type { Connection } from './connection.ts';
import type { MaildropAddress } from './maildrop.ts';

export interface CertificateChecks {
  /** False: any certificate is accepted. For a look at it alone: no credential may follow. */
  readonly verify?: boolean;
  readonly onSecured?: ((facts: TlsFacts) => void) | undefined;
}

/** TLS from the first octet; the server is held to its certificate before any credential. */
export async function connectSecurely(
  connection: Connection,
  address: MaildropAddress,
  checks: CertificateChecks = {},
): Promise<void> {
  const { host, port } = address;
  const socket = await connection.connectSecurely(host, port, optionsOf(address, checks));
  holdTo(address, connection, socket, checks);
}

/**
 * STLS (RFC 2595 section 4), as a must: whoever can answer -ERR here could otherwise read the password.
 * Asked without looking at CAPA, which came in clear text and proves nothing.
 * @throws Failure `tls`, permanent, when refused, when clear text follows, or for the certificate
 */
export async function startTls(
  connection: Connection,
  address: MaildropAddress,
  checks: CertificateChecks = {},
): Promise<void> {
  const reply = await connection.send({ line: 'STLS', name: 'STLS', lastInClear: true });
  if (reply.status !== 'ok') {
    throw new Failure(
      'tls',
      'permanent',
      `expected ${connection.place} to offer STLS, got: ${connection.quote(reply.text)}`,
    );
  }
  const socket = await connection.secure(optionsOf(address, checks));
  holdTo(address, connection, socket, checks);
  connection.listen();
}

function optionsOf(address: MaildropAddress, { verify = true }: CertificateChecks) {
  return { ...tlsOptions(address), ...(verify ? {} : { rejectUnauthorized: false }) };
}

function holdTo(
  { fingerprint }: MaildropAddress,
  connection: Connection,
  socket: TLSSocket,
  { verify = true, onSecured }: CertificateChecks,
): void {
  onSecured?.(tlsFacts(socket, verify));
  if (verify && fingerprint !== null) checkFingerprint(socket, fingerprint, connection.place);
}
