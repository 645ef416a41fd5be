import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** PEM texts. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
  /** SHA-256 of the certificate, 64 lower-case hex digits. */
  readonly fingerprint: string;
}

/** Fixed certificates of `certificates/`, so that tests need no `openssl`: see its README. */
export const certificates = {
  /** PEM of the authority that signed all but the self-signed ones. */
  authority: read('authority.pem'),
  /** For `localhost`, `127.0.0.1` and `::1`. */
  good: server('good'),
  wrongName: server('wrong-name'),
  expired: server('expired'),
  selfSigned: server('self-signed'),
  /** Self-signed, for `localhost` but not for its address. */
  nameOnly: server('name-only'),
} as const;

function server(name: string): ServerCertificate {
  const cert = read(`${name}.pem`);
  const fingerprint = new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
  return { key: read(`${name}.key`), cert, fingerprint };
}

function read(file: string): string {
  return readFileSync(new URL(`certificates/${file}`, import.meta.url), 'latin1');
}
