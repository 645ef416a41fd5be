import { createHash } from 'node:crypto';

import { collectFields, fieldValue } from './header-block.ts';
import type { FieldsByName } from './header-block.ts';

/** What of a header block tells one mail from another, whatever way it came: no trace field is looked at. */
export interface IdentityFields {
  /** Values that are not empty, blanks collapsed. Broken senders write several. */
  readonly messageIds: readonly Buffer[];
  /** A resent message keeps its Message-ID and gets these beside it (RFC 5322 section 3.6.6). */
  readonly resentMessageIds: readonly Buffer[];
  /** SHA-256 over From, To, Cc, Subject and Date: no content leaves this module. */
  readonly stableDigest: Buffer;
  readonly hasDate: boolean;
}

const STABLE = ['from', 'to', 'cc', 'subject', 'date'] as const;
/** Lower case. */
export const IDENTITY_FIELDS: ReadonlySet<string> = new Set([
  'message-id',
  'resent-message-id',
  ...STABLE,
]);

export function identityFields(header: Buffer): IdentityFields {
  const fields = collectFields(header, IDENTITY_FIELDS);
  const stable = STABLE.map((name) => values(header, fields, name));
  return {
    messageIds: ids(header, fields, 'message-id'),
    resentMessageIds: ids(header, fields, 'resent-message-id'),
    stableDigest: digestOf(stable),
    hasDate: values(header, fields, 'date').some((value) => value.length > 0),
  };
}

/**
 * SHA-256 over lists of octet strings, each list with its count and each string with its length before it, so that
 * nothing can be moved from one to the next.
 */
export function digestOf(lists: readonly (readonly Buffer[])[]): Buffer {
  const hash = createHash('sha256');
  for (const list of lists) {
    hash.update(`${list.length}:`);
    for (const item of list) hash.update(`${item.length}:`).update(item);
  }
  return hash.digest();
}

function ids(header: Buffer, fields: FieldsByName, name: string): Buffer[] {
  return values(header, fields, name).filter((id) => id.length > 0 && !id.equals(EMPTY_ID));
}

const EMPTY_ID = Buffer.from('<>');

function values(header: Buffer, fields: FieldsByName, name: string): Buffer[] {
  return (fields.get(name) ?? []).map((field) => collapsed(fieldValue(header, field)));
}

/** Split copies are folded anew by some servers: a run of blanks and line ends is one blank, none at the ends. */
function collapsed(value: Buffer): Buffer {
  const out = Buffer.alloc(value.length);
  let length = 0;
  let pending = false;
  for (const octet of value) {
    if (octet === 0x20 || octet === 0x09 || octet === 0x0d || octet === 0x0a) {
      pending = length > 0;
      continue;
    }
    if (pending) {
      out[length] = 0x20;
      length += 1;
      pending = false;
    }
    out[length] = octet;
    length += 1;
  }
  return out.subarray(0, length);
}
