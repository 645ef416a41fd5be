/**
 * Whether a host is the one named, or lies beneath it: `mx.provider.example` does for `provider.example`,
 * `evil-provider.example` does not.
 * @param host as a Received field has it
 * @param suffix lower-case A-labels, or an IP address
 */
export function isHostOf(host: string, suffix: string): boolean {
  const name = bare(host.toLowerCase());
  if (name.includes(':')) return shortest(name) === shortest(suffix);
  return name === suffix || name.endsWith(`.${suffix}`);
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
