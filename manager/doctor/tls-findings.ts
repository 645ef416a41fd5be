import { isIP } from 'node:net';

import type { Transport } from '../../shared/settings/settings.ts';
import type { TlsFacts } from '../../shared/tls/tls-facts.ts';
import type { Finding } from './finding.ts';
import { error, info, warning } from './finding.ts';

const DAY_MS = 24 * 3_600_000;
/** Authorities that renew by themselves do so some 30 days before; what is left of 14 nobody has noticed. */
const SOON_MS = 14 * DAY_MS;

/** What the certificate of a server says, verified or not. */
export function certificateFindings(
  transport: Transport,
  tls: TlsFacts | null,
  now: number,
): readonly Finding[] {
  if (tls === null) return [];
  return [
    ...validityFindings(tls, now),
    ...(tls.verified ? pinFindings(transport) : refusedFindings(transport, tls)),
  ];
}

function validityFindings({ validFrom, validTo }: TlsFacts, now: number): readonly Finding[] {
  const until = Date.parse(validTo ?? '');
  const from = Date.parse(validFrom ?? '');
  if (until < now) return [error(`its certificate expired on ${dayOf(until)}`)];
  if (from > now) {
    return [
      error(`its certificate is valid from ${dayOf(from)} on; look at the clock of this machine`),
    ];
  }
  if (until - now < SOON_MS) return [warning(`its certificate expires on ${dayOf(until)}`)];
  return [];
}

function pinFindings({ fingerprint }: Transport): readonly Finding[] {
  if (fingerprint === null) return [];
  return [
    info(
      'its certificate is pinned by "fingerprint": the day that it is renewed no mail is fetched until the setting is changed',
    ),
  ];
}

function refusedFindings(transport: Transport, tls: TlsFacts): readonly Finding[] {
  const { subject, issuer, names, fingerprint } = tls;
  return [
    info(
      `the certificate that was refused is for ${names || subject}, issued by ${issuer || 'nobody'}; its SHA-256 is ${fingerprint}`,
      `if it is the right one for ${transport.host}: ${wayToAccept(transport, tls)}`,
    ),
  ];
}

function wayToAccept({ host, serverName }: Transport, tls: TlsFacts): string {
  const { subject, issuer, names, fingerprint } = tls;
  if (subject === issuer) return `fingerprint: ${fingerprint}`;
  const own = names
    .split(', ')
    .flatMap((name) => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1]?.toLowerCase() ?? []);
  const expected = (serverName ?? host).toLowerCase();
  const isForIt = own.some((name) => name === expected || isBelow(expected, name));
  const other = own.find((name) => isIP(name) === 0 && !name.startsWith('*'));
  // A certificate for another name: its authority may be as good as any.
  if (!isForIt && other !== undefined) return `serverName: ${other}`;
  return 'set "ca" to its authority, or "fingerprint"';
}

/** RFC 6125 section 6.4.3: the asterisk stands for one label. */
function isBelow(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') && host.slice(host.indexOf('.') + 1) === pattern.slice(2);
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
