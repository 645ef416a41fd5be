import { createHash } from 'node:crypto';

import { ENVELOPE_FIELDS } from './envelope-fields.ts';
import { headerFields } from './header-block.ts';
import { digestOf, identityFields } from './identity-fields.ts';

/**
 * What makes two messages the same mail: a provider that splits one message into a copy for each recipient leaves
 * Message-ID, the stable fields and the body alone. The same Message-ID with another body is another mail (a list's
 * footer, or somebody who takes an ID before its owner does), so the body counts always.
 *
 * A message with neither Message-ID nor Date (a device that sends the same alarm each night) is the same mail only
 * when all its fields are the same, but for those that a provider notes on each copy: better a second copy than a lost
 * one.
 * @param bodyDigest SHA-256 of the body, hex
 * @param envelope addresses that make copies with the same content differ; usually none
 * @returns 64 hex digits
 */
export function duplicateKey(
  header: Buffer,
  bodyDigest: string,
  envelope: readonly string[] = [],
): string {
  const fields = identityFields(header);
  const distinct = fields.messageIds.length > 0 || fields.hasDate;
  const digest = digestOf([
    fields.messageIds,
    fields.resentMessageIds,
    [fields.stableDigest],
    [Buffer.from(bodyDigest, 'hex')],
    distinct ? [] : [allFieldsDigest(header)],
    ...(envelope.length === 0 ? [] : [envelope.map((address) => Buffer.from(address))]),
  ]);
  return digest.toString('hex');
}

/** What differs between the copies that a server made of one message, lower case. */
const OF_ONE_COPY: ReadonlySet<string> = new Set([
  ...['return-path', 'delivered-to', 'delivery-date'],
  ...ENVELOPE_FIELDS.map((name) => name.toLowerCase()),
]);

/** All else counts, lines that are no field and Received too, whose time tells one night's alarm from the next. */
function allFieldsDigest(header: Buffer): Buffer {
  const hash = createHash('sha256');
  let read = 0;
  for (const { name, start, end } of headerFields(header)) {
    if (!OF_ONE_COPY.has(name.toLowerCase())) continue;
    hash.update(header.subarray(read, start));
    read = end;
  }
  return hash.update(header.subarray(read)).digest();
}
