import { POP3_CAPA_OCTETS } from '../limits.ts';
import type { Connection } from './connection.ts';
import { LineBody } from './line-body.ts';
import { quoteServerText } from './server-text.ts';

/** What CAPA lists (RFC 2449): upper-case tag to its arguments in upper case. */
export type Capabilities = ReadonlyMap<string, readonly string[]>;

/** CAPA; null where the server does not know it, as old ones do not. */
export async function readCapabilities(connection: Connection): Promise<Capabilities | null> {
  const capabilities = new Map<string, readonly string[]>();
  const body = new LineBody('CAPA', POP3_CAPA_OCTETS, connection.lineEnds, (line) => {
    const [tag, ...args] = line.toString('latin1').toUpperCase().split(/\s+/).filter(Boolean);
    if (tag !== undefined) capabilities.set(tag, args);
  });
  const reply = await connection.send({ line: 'CAPA', name: 'CAPA', body });
  return reply.status === 'ok' ? capabilities : null;
}

/** Whether a SASL mechanism is offered (RFC 5034 section 6). */
export function offersMechanism(capabilities: Capabilities, mechanism: string): boolean {
  return capabilities.get('SASL')?.includes(mechanism) === true;
}

/**
 * Milliseconds that have to lie between two logins (RFC 2449 section 6.5); null: nothing is said of it. With `USER`
 * behind it, before the login, it is the longest of any user, which is safe to keep to.
 */
export function loginDelayMs(capabilities: Capabilities | null): number | null {
  const seconds = capabilities?.get('LOGIN-DELAY')?.[0];
  return seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : null;
}

/** What is kept of a listing for people: real ones have some twenty lines. */
const SHOWN_LINES = 100;

/** The lines of CAPA, for people. */
export function capabilityLines(capabilities: Capabilities | null): readonly string[] | null {
  if (capabilities === null) return null;
  return [...capabilities]
    .slice(0, SHOWN_LINES)
    .map(([tag, args]) => quoteServerText([tag, ...args].join(' '), []));
}
