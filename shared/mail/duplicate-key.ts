import { digestOf, identityFields } from './identity-fields.ts';

/**
 * What makes two messages the same mail: a provider that splits one message into a copy for each recipient leaves
 * Message-ID, the stable fields and the body alone. The same Message-ID with another body is another mail (a list's
 * footer, or somebody who takes an ID before its owner does), so the body counts always.
 *
 * A message with neither Message-ID nor Date (a device that sends the same alarm each night) is the same mail only
 * when its whole header block is the same: better a second copy than a lost one.
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
    distinct ? [] : [header],
    ...(envelope.length === 0 ? [] : [envelope.map((address) => Buffer.from(address))]),
  ]);
  return digest.toString('hex');
}
