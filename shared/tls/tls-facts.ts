import type { PeerCertificate, TLSSocket } from 'node:tls';

/** What a TLS connection shows of itself and of the server's certificate. */
export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly version: string | null;
  readonly cipher: string | null;
  /** Whether the certificate is what the settings ask for: a known authority's for this host, or the pinned one. */
  readonly verified: boolean;
  readonly subject: string;
  readonly issuer: string;
  /** Names that the certificate is for, as it lists them. */
  readonly names: string;
  /** ISO 8601. */
  readonly validFrom: string | null;
  readonly validTo: string | null;
  /** SHA-256, 64 lower-case hex digits: what the setting `fingerprint` takes. */
  readonly fingerprint: string;
}

export function tlsFacts(socket: TLSSocket, verified: boolean): TlsFacts {
  const certificate = socket.getPeerCertificate();
  return {
    version: socket.getProtocol(),
    // Node's types promise one; before the handshake's end there is none.
    cipher: (socket.getCipher() as { readonly name: string } | undefined)?.name ?? null,
    verified,
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    names: certificate.subjectaltname ?? '',
    validFrom: isoOrNull(certificate.valid_from),
    validTo: isoOrNull(certificate.valid_to),
    fingerprint: hexOf(certificate),
  };
}

/** A certificate may lack any part, though the types say otherwise. */
function nameOf(name: PeerCertificate['subject'] | undefined): string {
  const parts: Readonly<Record<string, string | string[] | undefined>> = { ...name };
  return Object.entries(parts)
    .flatMap(([key, value]) => [value ?? []].flat().map((one) => `${key}=${one}`))
    .join(', ');
}

function hexOf({ fingerprint256 }: { readonly fingerprint256?: string }): string {
  return (fingerprint256 ?? '').replaceAll(':', '').toLowerCase();
}

function isoOrNull(text: string | undefined): string | null {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}
