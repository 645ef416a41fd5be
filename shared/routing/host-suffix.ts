import { asciiDomain } from '../mail/address.ts';

/**
 * Whether a host is the one named, or lies beneath it: `mx.provider.example` does for `provider.example`,
 * `evil-provider.example` does not.
 * @param host as a Received field has it, a character an octet
 * @param suffix lower-case A-labels, or an IP address
 */
export function isHostOf(host: string, suffix: string): boolean {
  const name = bare(asWritten(host).toLowerCase());
  if (name.includes(':')) return shortest(name) === shortest(suffix);
  return name === suffix || name.endsWith(`.${suffix}`);
}

/** International names stand there in UTF-8 as well (RFC 6531 section 3.7.3). */
function asWritten(host: string): string {
  if (!/[\u0080-\u00ff]/.test(host)) return host;
  return asciiDomain(Buffer.from(host, 'latin1').toString('utf8')) ?? host;
}

/** Without the brackets of an address literal (RFC 5321 section 4.1.3), and without the final dot of a name. */
function bare(host: string): string {
  const literal = /^\[(?:ipv6:)?([0-9a-f.:]+)\]$/.exec(host)?.[1];
  return literal ?? (host.endsWith('.') ? host.slice(0, -1) : host);
}

/** An IPv6 address in the one form that RFC 5952 gives it: servers write `2001:db8:0:0:0:0:0:1` as well. */
function shortest(address: string): string {
  const url = `http://[${address}]`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : address;
}
