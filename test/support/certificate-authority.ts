import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CertificateAuthority {
  /** PEM text of the authority's certificate. */
  readonly pem: string;
  readonly file: string;
  /** A certificate for these names, signed by the authority. */
  issue(name: string, subjectAltName: string): IssuedCertificate;
}

export interface IssuedCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The names under which every server of the tests is reached. */
export const LOOPBACK_NAMES = 'DNS:localhost,IP:127.0.0.1,IP:::1';

/**
 * An authority made by `openssl` for this test run alone, in `folder`: no private key lies in the repository, and
 * none can expire there. Elliptic curves, since an RSA key takes a second on a slow machine.
 */
export function makeCertificateAuthority(folder: string): CertificateAuthority {
  const keyFile = join(folder, 'authority.key');
  const file = join(folder, 'authority.pem');
  const extensions = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
  openssl([
    ...['req', '-x509', ...newKey(keyFile), '-out', file, '-days', '30'],
    ...['-subj', '/CN=Mailferry test authority'],
    ...extensions.flatMap((extension) => ['-addext', extension]),
  ]);
  return {
    pem: readFileSync(file, 'latin1'),
    file,
    issue: (name, subjectAltName) => issue(folder, { keyFile, file }, name, subjectAltName),
  };
}

function issue(
  folder: string,
  authority: { keyFile: string; file: string },
  name: string,
  subjectAltName: string,
): IssuedCertificate {
  const keyFile = join(folder, `${name}.key`);
  const requestFile = join(folder, `${name}.csr`);
  const extensionFile = join(folder, `${name}.ext`);
  const certFile = join(folder, `${name}.pem`);
  openssl(['req', ...newKey(keyFile), '-out', requestFile, '-subj', `/CN=${name}`]);
  writeFileSync(
    extensionFile,
    `subjectAltName=${subjectAltName}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n`,
  );
  openssl([
    ...['x509', '-req', '-in', requestFile, '-out', certFile, '-days', '30'],
    ...['-CA', authority.file, '-CAkey', authority.keyFile, '-CAcreateserial'],
    ...['-extfile', extensionFile],
  ]);
  return { certFile, keyFile };
}

function newKey(file: string): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file];
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
