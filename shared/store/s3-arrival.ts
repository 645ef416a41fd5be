import type { ArrivalMetadata } from './mail-store.ts';

/**
 * Names of the user-defined metadata, `x-amz-meta-…` on the wire. S3 keeps US-ASCII faithfully and no more than 2 KB
 * (User Guide, "Working with object metadata").
 */
const UIDL_HASH = 'uidl-hash';
const BODY_DIGEST = 'body-digest';
const EIGHT_BIT = 'eight-bit';
const ARRIVED_AT = 'arrived-at';
const RECIPIENT = 'recipient';

const SHA256 = /^[0-9a-f]{64}$/;

export function toObjectMetadata(metadata: ArrivalMetadata): Record<string, string> {
  const { uidlHash, bodyDigest, eightBit, arrivedAt, recipient } = metadata;
  return {
    [BODY_DIGEST]: bodyDigest,
    [EIGHT_BIT]: eightBit ? 'yes' : 'no',
    [ARRIVED_AT]: new Date(arrivedAt).toISOString(),
    ...(uidlHash === null ? {} : { [UIDL_HASH]: uidlHash }),
    ...(recipient === null ? {} : { [RECIPIENT]: escaped(recipient) }),
  };
}

/**
 * @param size octets of the whole object
 * @returns null where it is not what {@link toObjectMetadata} wrote: somebody copied the object here by hand
 */
export function fromObjectMetadata(
  kept: Readonly<Record<string, string>>,
  size: number,
): ArrivalMetadata | null {
  const bodyDigest = kept[BODY_DIGEST] ?? '';
  const arrivedAt = Date.parse(kept[ARRIVED_AT] ?? '');
  if (!SHA256.test(bodyDigest) || Number.isNaN(arrivedAt)) return null;
  const recipient = kept[RECIPIENT];
  return {
    uidlHash: kept[UIDL_HASH] ?? null,
    size,
    bodyDigest,
    eightBit: kept[EIGHT_BIT] !== 'no',
    arrivedAt,
    recipient: recipient === undefined ? null : decodeURIComponent(recipient),
  };
}

/** An address of RFC 6532 goes beyond ASCII, and a header field is not trusted with blanks at its ends. */
function escaped(recipient: string): string {
  return recipient.replace(/[^!-$&-~]+/gu, encodeURIComponent);
}
