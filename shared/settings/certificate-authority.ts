import { X509Certificate } from 'node:crypto';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Whether the setting holds the certificates themselves and not the name of a file. */
export function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

/**
 * Checks what `ca` names: PEM text with at least one X.509 certificate, each of them readable (RFC 7468 §5).
 *
 * @returns what is wrong with it, or null
 */
export function faultOfAuthorities(pem: string): string | null {
  const certificates = pem.match(CERTIFICATE) ?? [];
  if (certificates.length === 0) return 'no certificate';
  const unreadable = certificates.findIndex((text) => !isCertificate(text));
  return unreadable === -1 ? null : `certificate ${unreadable + 1} that cannot be read`;
}

function isCertificate(text: string): boolean {
  try {
    new X509Certificate(text);
    return true;
  } catch {
    return false;
  }
}
