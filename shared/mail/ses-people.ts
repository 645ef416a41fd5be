import { addressEntries } from './address-entry.ts';
import type { AddressEntry } from './address-entry.ts';
import { parseAddress, SENDER_LOCAL_OCTETS } from './address.ts';
import type { Address } from './address.ts';
import { decodedText } from './decoded-text.ts';

export interface Person {
  /** As shown; empty where there is none. */
  readonly name: string;
  readonly address: Address;
}

/** A longer address field is looked at by nobody. Octets. */
const MAX_FIELD_OCTETS = 64 * 1024;
/** `undisclosed-recipients:;`: nobody, and well said. */
const EMPTY_GROUP = /^[^:;,<>@"]+:\s*;\s*$/;

/** Those in an address field whose addresses can be read. */
export function peopleIn(value: Buffer): readonly Person[] {
  return read(value).filter((one) => one !== null);
}

/** Whether Amazon SES can read all of an address field: no entry without an address, ASCII before each `@`. */
export function isReadable(value: Buffer): boolean {
  const entries = read(value);
  if (entries.length === 0) return EMPTY_GROUP.test(value.toString('latin1'));
  return entries.every((one) => one !== null && isPlain(one));
}

/** SES takes no other letters before the `@`. */
export function isPlain({ address }: Person): boolean {
  return /^[ -~]+$/.test(address.local);
}

/** One for each entry; null for what cannot be read. */
function read(value: Buffer): (Person | null)[] {
  if (value.length > MAX_FIELD_OCTETS) return [null];
  return [...addressEntries(value)]
    .filter(({ angles, outside }) => angles.length + outside.length > 0)
    .map(personOf);
}

/** `Ann <ann@x>` or `ann@x`; anything less plain is nobody's. */
function personOf({ angles, outside }: AddressEntry): Person | null {
  const [only, ...others] = angles.length > 0 ? angles : outside;
  if (only === undefined || others.length > 0) return null;
  const address = parseAddress(only.text, SENDER_LOCAL_OCTETS);
  if (address === null) return null;
  const words = angles.length > 0 ? outside.map(({ text }) => unquoted(text)) : [];
  return { name: decodedText(Buffer.from(words.join(' '))), address };
}

function unquoted(word: string): string {
  const [, content] = /^"(.*)"$/s.exec(word) ?? [];
  return content === undefined ? word : content.replace(/\\(.)/gs, '$1');
}
