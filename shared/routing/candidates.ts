import { readAddresses } from '../mail/address-field.ts';
import type { FieldAddress } from '../mail/address-field.ts';
import { fieldValue } from '../mail/header-block.ts';
import type { FieldsByName } from '../mail/header-block.ts';

/** An entry of a header field that may be a recipient. */
export interface Candidate {
  readonly entry: FieldAddress;
  /** `To`, `Cc` or `Apparently-To`. */
  readonly source: string;
}

/** Where `to` looks; a name in two of them counts for the first. */
const TO_FIELDS = ['To', 'Cc', 'Apparently-To'] as const;

/** Octets. Ten thousands of addresses: such a message is held unread rather than routed by half. */
export const MAX_ADDRESS_OCTETS = 1024 * 1024;

export function addressOctets(fields: FieldsByName): number {
  return TO_FIELDS.flatMap((name) => fields.get(name.toLowerCase()) ?? []).reduce(
    (sum, field) => sum + field.valueEnd - field.valueStart,
    0,
  );
}

/** All addresses of all To, Cc and Apparently-To fields; RFC 5322 allows one of each, mail in the wild has more. */
export function toCandidates(header: Buffer, fields: FieldsByName): Candidate[] {
  return TO_FIELDS.flatMap((source) =>
    (fields.get(source.toLowerCase()) ?? []).flatMap((field) =>
      readAddresses(fieldValue(header, field)).map((entry) => ({ entry, source })),
    ),
  );
}
