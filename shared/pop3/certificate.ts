import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';

import { Failure } from '../failure.ts';
import type { MaildropAddress } from './maildrop.ts';

/**
 * How the server has to prove who it is: a certificate for its host name from a known authority or, where a
 * fingerprint is set, this very certificate whoever signed it.
 */
export function tlsOptions(address: MaildropAddress): ConnectionOptions {
  const name = address.serverName ?? address.host;
  return {
    host: address.host,
    // RFC 6066 section 3 allows no IP address as a server name; the certificate is compared with `host` then.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(address.ca === null ? {} : { ca: address.ca }),
    minVersion: 'TLSv1.2',
    // Set in either case: otherwise NODE_TLS_REJECT_UNAUTHORIZED=0 would switch the check off.
    rejectUnauthorized: address.fingerprint === null,
  };
}

/**
 * Holds the server's certificate to the pinned fingerprint.
 * @throws Failure `tls`, permanent
 */
export function checkFingerprint(socket: TLSSocket, expected: string, place: string): void {
  const certificate = socket.getPeerX509Certificate();
  const got = certificate === undefined ? 'no certificate' : fingerprintOf(certificate);
  if (got === expected) return;
  throw new Failure(
    'tls',
    'permanent',
    `expected the certificate with SHA-256 ${expected} from ${place}, got ${got}`,
  );
}

/** SHA-256 of a certificate, 64 lower-case hex digits. */
function fingerprintOf(certificate: X509Certificate): string {
  return certificate.fingerprint256.replaceAll(':', '').toLowerCase();
}
