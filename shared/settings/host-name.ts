import { BlockList, isIP } from 'node:net';
import { toAsciiDomain } from './accepted-domain.ts';

export const HOST_FORM = 'a host name or an IP address, without port, such as pop.provider.example';

/**
 * Reads the host of a server: a name (A-labels, underscores allowed since provider's names hold them) or an IPv4 or
 * IPv6 address without brackets. Spaces and line breaks are refused with the rest.
 */
export function parseHost(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (isIP(value) !== 0) return value.toLowerCase();
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  // An underscore is no letter of a host name, but stands in some that resolve; only its place is checked.
  if (toAsciiDomain(name.replaceAll('_', 'x')) === null) return null;
  return toAsciiDomain(name) ?? name.toLowerCase();
}

/** The name that a server's certificate is for: a host's, and no address (RFC 6066 section 3). */
export function parseServerName(value: unknown): string | null {
  const name = parseHost(value);
  return name === null || isIP(name) !== 0 ? null : name;
}

/** Whether a connection to this host never leaves the machine: the one case in which clear text needs no consent. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  if (family === 0) return false;
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  return loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
