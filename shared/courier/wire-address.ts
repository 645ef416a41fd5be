import { domainToASCII } from 'node:url';

import { refusal, type Verdict } from './reply-classification.ts';

/** An address as it is written in MAIL FROM and RCPT TO, without the angle brackets. */
export interface WireAddress {
  readonly wire: string;
  /** Its local part is not ASCII: it may only be sent to a server that offers SMTPUTF8 (RFC 6531). */
  readonly needsSmtpUtf8: boolean;
}

const NON_ASCII = /[^\0-\x7f]/;
/** What would end the path or the command line early. */
const BREAKS_THE_LINE = /[\p{Cc}<>]/u;
const QUOTED = /^"(?:[^"\\]|\\.)*"$/;

/**
 * Brings an address into the form for the wire: a domain with other letters becomes its A-label (RFC 5890), so that
 * only the local part can need SMTPUTF8.
 * @returns why it can not be sent, as a permanent reply, where it can not
 */
export function wireAddress(address: string, role: 'sender' | 'recipient'): WireAddress | Verdict {
  const at = address.lastIndexOf('@');
  const local = at < 0 ? address : address.slice(0, at);
  const domain = at < 0 ? '' : address.slice(at + 1);
  if (BREAKS_THE_LINE.test(address) || spaced(local, domain)) {
    const enhanced = role === 'sender' ? '5.1.7' : '5.1.3';
    return refusal(553, enhanced, `${role} address is malformed: expected local-part@domain`);
  }
  const ascii = NON_ASCII.test(domain) ? domainToASCII(domain) : domain;
  if (ascii === '' && domain !== '') {
    const enhanced = role === 'sender' ? '5.1.8' : '5.1.2';
    return refusal(553, enhanced, `${role} domain has no ASCII form (RFC 5890)`);
  }
  return {
    wire: at < 0 ? local : `${local}@${ascii}`,
    needsSmtpUtf8: NON_ASCII.test(local),
  };
}

/** A space is part of an address only within a quoted local part. */
function spaced(local: string, domain: string): boolean {
  return /\s/.test(domain) || (/\s/.test(local) && !QUOTED.test(local));
}

/** The reply for an address that the server can not be told. */
export function smtpUtf8Missing(role: 'sender' | 'recipient'): Verdict {
  return refusal(
    553,
    '5.6.7',
    `${role} address has non-ASCII letters before the @, and the server does not offer SMTPUTF8 (RFC 6531)`,
  );
}
