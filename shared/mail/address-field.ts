import { addressEntries } from './address-entry.ts';
import type { AddressEntry } from './address-entry.ts';
import type { Run } from './address-run.ts';
import { parseAddress, RECIPIENT_LOCAL_OCTETS } from './address.ts';
import type { Address } from './address.ts';

/** One entry of an address field that names, or tries to name, a mailbox. */
export type FieldAddress =
  | { readonly kind: 'address'; readonly address: Address }
  /** `text` is fit to be shown: printable ASCII, at most {@link SHOWN_CHARACTERS}. */
  | { readonly kind: 'malformed'; readonly text: string };

const SHOWN_CHARACTERS = 100;
/** `undisclosed-recipients:;`, of which some servers make an address in their own domain: nobody all the same. */
const NOBODY = /^"?(?:undisclosed|unlisted)[-_. ]?recipients?:;?"?@/i;

/**
 * The addresses of a To, Cc, From, Sender or Return-Path field (RFC 5322 section 3.4), in their order, group members
 * included. Entries without an address (a lone name, `<>`, an empty group, however it was mangled) are left out. Encoded words are never
 * decoded: RFC 2047 section 6.2 allows none in an address, and decoding one could make a comma or an `@`.
 * @param value raw value with its folding
 */
export function readAddresses(
  value: Buffer,
  maxLocalOctets: number = RECIPIENT_LOCAL_OCTETS,
): FieldAddress[] {
  const found: FieldAddress[] = [];
  for (const entry of addressEntries(value)) {
    for (const text of addressTexts(entry)) {
      if (NOBODY.test(text)) continue;
      const address = parseAddress(bare(text), maxLocalOctets);
      found.push(
        address === null ? { kind: 'malformed', text: shown(text) } : { kind: 'address', address },
      );
    }
  }
  return found;
}

/** Whether a Return-Path says the null reverse-path: `<>`, or nothing at all (servers that leave the brackets out). */
export function isNullPath(value: Buffer): boolean {
  return addressEntries(value).every(
    ({ angles, outside }) => outside.length === 0 && angles.every(({ text }) => text === ''),
  );
}

/** Where angle brackets hold an address, all else is a display name, whatever it looks like. */
function addressTexts({ angles, outside }: AddressEntry): string[] {
  const inBrackets = textsWithAt(angles);
  if (inBrackets.length > 0) return inBrackets;
  const bareOnes = textsWithAt(outside);
  if (bareOnes.length > 0) return bareOnes;
  const [only, ...others] = [...outside, ...angles.filter(({ text }) => text !== '')];
  return only !== undefined && others.length === 0 ? quotedWhole(only.text) : [];
}

function textsWithAt(runs: readonly Run[]): string[] {
  return runs.filter(({ hasAt }) => hasAt).map(({ text }) => text);
}

/** Some servers quote the address as a whole: `"chris@corp.example"`. */
function quotedWhole(text: string): string[] {
  const [, content] = /^"([^"\\@]+@[^"\\@]+)"$/.exec(text) ?? [];
  return content === undefined ? [] : [content];
}

/** Some mailers write `'chris@corp.example'`, a display name's quotes around a bare address. */
function bare(text: string): string {
  const quoted = text.length > 2 && text.startsWith("'") && text.endsWith("'");
  return quoted ? text.slice(1, -1) : text;
}

function shown(text: string): string {
  return text.slice(0, SHOWN_CHARACTERS).replace(/[^!-~]/g, '?');
}
