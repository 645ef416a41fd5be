import { domainToASCII } from 'node:url';

import { closingQuote } from './address-scan.ts';

/** An address that is safe to write into MAIL FROM or RCPT TO (RFC 5321 section 4.1.2). */
export interface Address {
  /** As it is sent: local part as written (composed, quoted only where it has to be), domain as lower-case A-labels. */
  readonly text: string;
  /** For comparing: lower case as a whole. Local parts are compared without case, though sent as written. */
  readonly key: string;
  /** As it stands in `text`. */
  readonly local: string;
  /** Lower-case A-labels without a trailing dot, or a domain literal in brackets. */
  readonly domain: string;
}

/** RFC 5321 section 4.5.3.1.1: 64 octets. */
export const RECIPIENT_LOCAL_OCTETS = 64;
/**
 * Return paths of lists and mailers carry the recipient in their local part (VERP) and pass 64 octets in the wild;
 * the whole path still has to fit 256 octets with its brackets (RFC 5321 section 4.5.3.1.3).
 */
export const SENDER_LOCAL_OCTETS = 252;
const MAX_PATH_OCTETS = 254;
const MAX_DOMAIN_OCTETS = 255;
/** Characters; beyond that no escaping or mapping brings it within a path. */
const MAX_TEXT = 1024;

/** RFC 5322 section 3.2.3 `atext`, and printable non-ASCII (RFC 6532 section 3.2). */
const ATOM_TEXT = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\u{10ffff}-]+$/u;
const DOTS_OUT_OF_PLACE = /^\.|\.\.|\.$/;
/** `<` and `>` are legal in a quoted string, but a server that reads the path up to the first `>` ends the command there. */
const QUOTED_TEXT = /^[ !"#-;=?-~\u0080-\u{10ffff}]+$/u;
/** Controls, format characters, separators, surrogates; U+FFFD marks what could not be read. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}\ufffd]|[^\P{Zs} ]/u;
/** Persian and Indic domain names need these two format characters; the mapping takes them where they are allowed. */
const JOINERS = /[\u200c\u200d]/g;
/** The signs for kelvin and ångström: in lower case they are letters, so that one would compare as somebody else. */
const LETTERLIKE = /[\u212a\u212b]/;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const ASCII_OUTSIDE_NAMES = /[^A-Za-z0-9._\u0080-\uffff-]/;
const LITERAL = /^\[[A-Za-z0-9.:-]{1,200}\]$/;

/**
 * Reads one bare address: no display name, brackets or comments. The last `@` splits.
 * @returns null for anything that is not safe to send
 */
export function parseAddress(
  text: string,
  maxLocalOctets: number = RECIPIENT_LOCAL_OCTETS,
): Address | null {
  const at = text.lastIndexOf('@');
  if (at === -1 || text.length > MAX_TEXT) return null;
  if (UNSAFE.test(text.slice(0, at)) || UNSAFE.test(text.slice(at).replace(JOINERS, '')))
    return null;
  if (LETTERLIKE.test(text.slice(0, at))) return null;
  // Composed (RFC 6532 section 3.1), or one person would be two.
  const local = localPart(text.slice(0, at).normalize('NFC'));
  const domain = asciiDomain(text.slice(at + 1));
  if (local === null || domain === null) return null;
  const whole = `${local}@${domain}`;
  if (Buffer.byteLength(local) > maxLocalOctets || Buffer.byteLength(whole) > MAX_PATH_OCTETS) {
    return null;
  }
  return { text: whole, key: whole.toLowerCase(), local, domain };
}

/**
 * A domain as lower-case A-labels (RFC 5890 section 2.3.2.1, mapped as UTS 46 does), one trailing dot off.
 * A domain literal keeps its brackets. Null for what is no domain.
 */
export function asciiDomain(text: string): string | null {
  if (LITERAL.test(text)) return text.toLowerCase();
  // The mapping decodes `%40` and maps look-alikes of ASCII: nothing but names may reach it.
  if (ASCII_OUTSIDE_NAMES.test(text)) return null;
  const mapped = isAscii(text) ? text.toLowerCase() : mappedName(text);
  const domain = mapped.endsWith('.') ? mapped.slice(0, -1) : mapped;
  if (domain.length > MAX_DOMAIN_OCTETS) return null;
  return domain.split('.').every((label) => LABEL.test(label)) ? domain : null;
}

/** `domainToASCII` reads a host of a URL: full-width digits become an IP address there, which nobody wrote. */
function mappedName(text: string): string {
  const mapped = domainToASCII(text);
  return /^[\d.]+$/.test(mapped) ? '' : mapped;
}

/**
 * The compare key without its tag: `chris+news@corp.example` gives `chris@corp.example` (RFC 5233 section 3).
 * Null where there is no tag.
 */
export function keyWithoutTag(address: Address): string | null {
  const plus = address.local.indexOf('+');
  if (plus < 1 || address.local.startsWith('"')) return null;
  return `${address.local.slice(0, plus)}@${address.domain}`.toLowerCase();
}

/**
 * `"user1"` and `user1` are the same mailbox (RFC 5321 section 4.1.2), and so are `"a"."b"` and `a.b` (RFC 5322 section
 * 4.4): quotes stay only where the text needs them. Dots out of place need them too; some providers hand out such names
 * and write them bare.
 */
function localPart(text: string): string | null {
  const quoted = text.includes('"');
  const content = quoted ? unquoted(text) : text;
  if (content === null || !QUOTED_TEXT.test(content)) return null;
  if (ATOM_TEXT.test(content)) return DOTS_OUT_OF_PLACE.test(content) ? `"${content}"` : content;
  return quoted ? `"${content.replace(/["\\]/g, '\\$&')}"` : null;
}

/** The content of words with dots between them, each an atom or a quoted string; null where one runs into the next. */
function unquoted(text: string): string | null {
  let content = '';
  let at = 0;
  while (at < text.length) {
    const quoted = text.startsWith('"', at);
    const close = quoted ? closingQuote(text, at) : null;
    if (close === -1) return null;
    const end = close === null ? wordEnd(text, at) : close + 1;
    const next = text.charAt(end);
    if (next !== '' && next !== '.') return null;
    const word = quoted ? unescaped(text.slice(at + 1, end - 1)) : text.slice(at, end);
    content += word + next;
    at = end + 1;
  }
  return content;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gsu, '$1');
}

function wordEnd(text: string, from: number): number {
  const found = text.slice(from).search(/[."]/);
  return found === -1 ? text.length : from + found;
}

function isAscii(text: string): boolean {
  return /^[\u0020-\u007e]*$/.test(text);
}
