import { parseAddress } from '../mail/address.ts';
import { toAsciiDomain } from './accepted-domain.ts';

/** RFC 5321 §4.1.2 Dot-string: a configured address needs no quoted string, and a typing mistake often looks like one. */
const DOT_STRING = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
/** RFC 5321 §4.5.3.1.1. */
const LOCAL_PART_OCTETS = 64;
/** RFC 5321 §4.5.3.1.3: a path has 256 octets, two of them the angle brackets. */
const ADDRESS_OCTETS = 254;

export const ADDRESS_FORM = 'a mail address such as chris@corp.example';

export interface ConfiguredAddress {
  /** As written: only the destination knows whether its case matters (RFC 5321 §2.4). */
  readonly local: string;
  /** Lower-case A-labels. */
  readonly domain: string;
}

/** Reads an address of the configuration: a bare `local@domain`; no display name, no angle brackets, no quoted local part. */
export function parseConfiguredAddress(value: unknown): ConfiguredAddress | null {
  if (typeof value !== 'string') return null;
  const at = value.lastIndexOf('@');
  const local = value.slice(0, Math.max(at, 0));
  if (local.length > LOCAL_PART_OCTETS || !DOT_STRING.test(local)) return null;
  const domain = toAsciiDomain(value.slice(at + 1));
  if (domain === null || local.length + 1 + domain.length > ADDRESS_OCTETS) return null;
  return { local, domain };
}

/**
 * Reads an address that mail is only compared with, and never sent to as it stands: any letters before the `@`
 * (RFC 6531), for whoever writes to `müller@` where the mail system knows but `mueller@`.
 * @returns as `shared/mail/address.ts` compares: lower case, composed, domain as A-labels
 */
export function parseComparedAddress(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (parseConfiguredAddress(value.replace(/[\u0080-\u{10ffff}]/gu, 'x')) === null) return null;
  return parseAddress(value)?.key ?? null;
}

/** As it is sent: the local part as written. */
export function formatConfiguredAddress(address: ConfiguredAddress): string {
  return `${address.local}@${address.domain}`;
}
