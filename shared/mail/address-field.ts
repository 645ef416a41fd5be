import addressparser from 'nodemailer/lib/addressparser';

import { addressText } from './address-text.ts';
import { parseAddress, RECIPIENT_LOCAL_OCTETS } from './address.ts';
import type { Address } from './address.ts';

/** One entry of an address field that names, or tries to name, a mailbox. */
export type FieldAddress =
  | { readonly kind: 'address'; readonly address: Address }
  /** `text` is fit to be shown: printable ASCII, at most {@link SHOWN_CHARACTERS}. */
  | { readonly kind: 'malformed'; readonly text: string };

const SHOWN_CHARACTERS = 100;

/**
 * The addresses of a To, Cc, From, Sender or Return-Path field (RFC 5322 section 3.4), in their order, group members
 * included. Entries without an address (a lone name, `<>`, an empty group) are left out. Encoded words are never
 * decoded: RFC 2047 section 6.2 allows none in an address, and decoding one could make a comma or an `@`.
 * @param value raw value with its folding
 */
export function readAddresses(
  value: Buffer,
  maxLocalOctets: number = RECIPIENT_LOCAL_OCTETS,
): FieldAddress[] {
  const entries = addressparser(addressText(value), { flatten: true });
  const found: FieldAddress[] = [];
  for (const { address: text } of entries) {
    if (text === '') continue;
    const address = parseAddress(bare(text), maxLocalOctets);
    found.push(
      address === null ? { kind: 'malformed', text: shown(text) } : { kind: 'address', address },
    );
  }
  return found;
}

/** Some mailers write `'chris@corp.example'`, a display name's quotes around a bare address. */
function bare(text: string): string {
  const quoted = text.length > 2 && text.startsWith("'") && text.endsWith("'");
  return quoted ? text.slice(1, -1) : text;
}

function shown(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS).replace(/[^!-~]/g, '?');
}
