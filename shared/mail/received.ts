import { foldField } from './fold.ts';

export interface Hop {
  /** The POP3 server the message was fetched from, name or IP address. */
  readonly from: string;
  /** This host. */
  readonly by: string;
  readonly tls: boolean;
  /** What the log finds the message by. */
  readonly id: string;
  /** The one recipient of this copy; null when there are several, since some of them may have been Bcc. */
  readonly recipient: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The trace field of this hop (RFC 5321 section 4.4), folded, without the line end. */
export function receivedField(hop: Hop): string {
  const words = [
    `from ${hostName(hop.from)}`,
    `by ${hostName(hop.by)}`,
    `with ${hop.tls ? 'POP3S' : 'POP3'} (Mailferry)`,
    `id ${hop.id}`,
    ...forClause(hop.recipient),
  ];
  return foldField('Received', [...words.slice(0, -1), `${words.at(-1) ?? ''};`, dateTime(hop.at)]);
}

/** RFC 5322 section 3.3, in UTC. */
export function dateTime(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000');
}

/** An IP address stands in brackets (RFC 5321 section 4.1.3); what is neither would break the field open. */
function hostName(host: string): string {
  if (/^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(host)) return `[${host}]`;
  if (/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(host)) return `[IPv6:${host}]`;
  return /^[A-Za-z0-9._-]+$/.test(host) ? host : 'unknown';
}

/** Only what needs no quoting and no UTF-8 there; the clause is optional. */
function forClause(recipient: string | null): string[] {
  if (recipient === null || !/^[!-;=?-~]+$/.test(recipient)) return [];
  return [`for <${recipient}>`];
}
