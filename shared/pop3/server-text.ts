import { isUtf8 } from 'node:buffer';

import { SERVER_TEXT_OCTETS } from '../limits.ts';

/** Octets of a status line as text: UTF-8 where valid (RFC 6856), else each octet as it is. */
export function decodeServerText(line: Buffer): string {
  return isUtf8(line) ? line.toString('utf8') : line.toString('latin1');
}

/**
 * A server's text, fit for an error or a log: one line of at most 200 octets.
 * `secrets` are masked: a lying or chatty server may echo the command line that carried the password.
 */
export function quoteServerText(text: string, secrets: readonly string[]): string {
  // Masked on both sides of the clean-up, since a password may itself hold what the clean-up changes.
  const clean = mask(withoutControls(mask(text, secrets)), secrets.map(withoutControls));
  return cut(clean);
}

/** Format characters (Cf) too: a bidirectional override would rewrite the line on an administrator's screen. */
function withoutControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
}

function mask(text: string, secrets: readonly string[]): string {
  let masked = text;
  for (const secret of secrets) {
    if (secret === '') continue;
    const literal = secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    // Without case: servers that echo a rejected line often upper-case it first.
    masked = masked.replace(new RegExp(literal, 'gi'), '***');
  }
  return masked;
}

function cut(text: string): string {
  const octets = Buffer.from(text, 'utf8');
  if (octets.length <= SERVER_TEXT_OCTETS) return text;
  // `stream` leaves out a character that the cut would halve.
  return new TextDecoder().decode(octets.subarray(0, SERVER_TEXT_OCTETS), { stream: true });
}
