import { parseAddress } from '../mail/address.ts';
import { readAddresses } from '../mail/address-field.ts';
import type { FieldAddress } from '../mail/address-field.ts';
import { fieldValue } from '../mail/header-block.ts';
import type { FieldsByName, HeaderField } from '../mail/header-block.ts';
import type { HeaderSource, RecipientSource } from '../settings/settings.ts';
import { isHostOf } from './host-suffix.ts';
import { receivedClauses } from './received-clauses.ts';
import { newestResentBlock } from './resent-block.ts';

/** An entry of a header field that may be a recipient. */
export interface Candidate {
  readonly entry: FieldAddress;
  /** Name of the field as configured: `To`, `X-Original-To`, `Received` … */
  readonly source: string;
}

/** What a source gives for one message. */
export interface SourceReading {
  readonly candidates: readonly Candidate[];
  /** Why there is none: the field is not there, is not above the Received that vouches for it, or names nobody. */
  readonly fault: 'absent' | 'untrusted' | 'empty' | null;
  /** Octets of the fields that were read. */
  readonly octets: number;
}

/** Where `to` looks; a name in two of them counts for the first. */
const TO_FIELDS = ['To', 'Cc', 'Apparently-To'] as const;
const RESENT_FIELDS = ['Resent-To', 'Resent-Cc'] as const;

/** Octets. Half a million addresses at most: such a message is held unread rather than routed by half. */
export const MAX_ADDRESS_OCTETS = 2 * 1024 * 1024;

/** The fields that a source looks at, in lower case. */
export function fieldsOfSource(source: RecipientSource): readonly string[] {
  switch (source.kind) {
    case 'to':
      return TO_FIELDS.map((name) => name.toLowerCase());
    case 'resent':
      return RESENT_FIELDS.map((name) => name.toLowerCase());
    case 'header':
      return [source.header.toLowerCase()];
    case 'received':
      return ['received'];
  }
}

/** What a source gives, unless its fields have more than so many octets: then they are not read, and `octets` says so. */
export function readSource(
  source: RecipientSource,
  header: Buffer,
  fields: FieldsByName,
  maxOctets: number = MAX_ADDRESS_OCTETS,
): SourceReading {
  const { chosen, fault } = chosenFields(source, header, fields);
  const octets = chosen.reduce((sum, { field }) => sum + field.valueEnd - field.valueStart, 0);
  if (octets > maxOctets) return { candidates: [], fault: null, octets };
  const candidates = chosen.flatMap(({ field, name }) =>
    entriesOf(source, fieldValue(header, field)).map((entry) => ({ entry, source: name })),
  );
  return { candidates, fault: fault ?? (candidates.length === 0 ? 'empty' : null), octets };
}

interface ChosenField {
  readonly field: HeaderField;
  readonly name: string;
}

interface Choice {
  readonly chosen: readonly ChosenField[];
  readonly fault: 'absent' | 'untrusted' | null;
}

function chosenFields(source: RecipientSource, header: Buffer, fields: FieldsByName): Choice {
  switch (source.kind) {
    case 'to':
      // RFC 5322 allows one of each, mail in the wild has more.
      return named(TO_FIELDS, (name) => fields.get(name) ?? []);
    case 'resent': {
      const block = newestResentBlock(header);
      return named(RESENT_FIELDS, (name) =>
        block.filter((field) => field.name.toLowerCase() === name),
      );
    }
    case 'header':
      return envelopeField(source, header, fields);
    case 'received': {
      const field = topmostReceived(source.by, header, fields);
      return field === null ? ABSENT : { chosen: [{ field, name: 'Received' }], fault: null };
    }
  }
}

const ABSENT: Choice = { chosen: [], fault: 'absent' };

function named(
  names: readonly string[],
  fieldsOf: (name: string) => readonly HeaderField[],
): Choice {
  const chosen = names.flatMap((name) =>
    fieldsOf(name.toLowerCase()).map((field) => ({ field, name })),
  );
  return chosen.length === 0 ? ABSENT : { chosen, fault: null };
}

/** The one field at the configured position, counted among those that may be trusted. */
function envelopeField(
  { header: name, position, by }: HeaderSource,
  header: Buffer,
  fields: FieldsByName,
): Choice {
  const all = fields.get(name.toLowerCase()) ?? [];
  const trusted = by === null ? all : above(topmostReceived(by, header, fields), all);
  const field = trusted.at(position > 0 ? position - 1 : position);
  if (field !== undefined) return { chosen: [{ field, name }], fault: null };
  return trusted.length < all.length ? { chosen: [], fault: 'untrusted' } : ABSENT;
}

/** A server puts what it adds above what was there: below its Received stands what anybody may have written. */
function above(line: HeaderField | null, all: readonly HeaderField[]): readonly HeaderField[] {
  return line === null ? [] : all.filter((field) => field.start < line.start);
}

/** Only the topmost: one below it may be the sender's own work, whatever host it names. */
function topmostReceived(by: string, header: Buffer, fields: FieldsByName): HeaderField | null {
  for (const field of fields.get('received') ?? []) {
    const host = receivedClauses(fieldValue(header, field)).by;
    if (host !== null && isHostOf(host, by)) return field;
  }
  return null;
}

function entriesOf(source: RecipientSource, value: Buffer): readonly FieldAddress[] {
  switch (source.kind) {
    case 'to':
    case 'resent':
      return readAddresses(value);
    case 'header':
      return readAddresses(addressesIn(source, value)).map((entry) => withoutPrefix(entry, source));
    case 'received':
      return forClause(value);
  }
}

/** Yahoo's field is no list: `chris@corp.example via 192.0.2.45; date`, or the address and the date alone. */
function addressesIn({ header }: HeaderSource, value: Buffer): Buffer {
  if (header.toLowerCase() !== 'x-apparently-to') return value;
  const ends = [value.indexOf(';'), value.indexOf(' via ')].filter((at) => at !== -1);
  return value.subarray(0, Math.min(value.length, ...ends));
}

function withoutPrefix(entry: FieldAddress, { prefix }: HeaderSource): FieldAddress {
  if (prefix === null || entry.kind === 'malformed') return entry;
  const { local, domain, text } = entry.address;
  const quote = local.startsWith('"') ? '"' : '';
  if (!local.toLowerCase().startsWith(quote + prefix.toLowerCase())) return entry;
  const address = parseAddress(`${quote}${local.slice(quote.length + prefix.length)}@${domain}`);
  return address === null ? { kind: 'malformed', text } : { kind: 'address', address };
}

/** Of several recipients nobody can say which copy this is: then none counts. */
function forClause(value: Buffer): readonly FieldAddress[] {
  const { recipients } = receivedClauses(value);
  const found = recipients.flatMap((text) => readAddresses(Buffer.from(text, 'latin1')));
  return found.length === 1 && recipients.length === 1 ? found : [];
}
