import { domainToASCII } from 'node:url';

/** A label of a host name: RFC 1123 §2.1, letters, digits and inner hyphens, 63 octets at most. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const ALL_DIGITS = /^\d+$/;
/** Checked before `domainToASCII`, which would decode `%41` and drop tabs where it should refuse. */
const NAME = /^[\p{L}\p{M}\p{N}.-]+$/u;
const ASCII = /^\p{ASCII}*$/u;

const DOMAIN_FORM = 'a domain name such as corp.example';
export const ACCEPTED_DOMAIN_FORM = `${DOMAIN_FORM}, or *.corp.example for its sub-domains`;

/**
 * A domain name as lower-case A-labels (RFC 5890): `Bücher.example` becomes `xn--bcher-kva.example`.
 *
 * @returns `null` when the text is no domain name; an IP address is none, nor is a name with a final dot
 */
export function toAsciiDomain(text: string): string | null {
  const lower = text.toLowerCase();
  if (!NAME.test(lower)) return null;
  const ascii = ASCII.test(lower) ? lower : domainToASCII(lower);
  const labels = ascii.split('.');
  if (ascii.length > 253 || ALL_DIGITS.test(labels.at(-1) ?? '')) return null;
  return labels.every((label) => LABEL.test(label)) ? ascii : null;
}

/** One entry of `domains`: a domain name, or `*.` and a domain name. */
export function parseAcceptedDomain(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (!value.startsWith('*.')) return toAsciiDomain(value);
  const parent = toAsciiDomain(value.slice(2));
  return parent === null ? null : `*.${parent}`;
}
