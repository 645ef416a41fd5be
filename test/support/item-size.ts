import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Readonly<Record<string, AttributeValue>>;

/**
 * Octets of an item by the rules of the DynamoDB Developer Guide, "DynamoDB item sizes and formats": names and texts
 * as UTF-8, octets as they are, a number at most 21, a Boolean 1.
 */
export function octetsOfItem(item: Item): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + octetsOfValue(value),
    0,
  );
}

/** What one write of an item of so many octets costs. Developer Guide, "Write capacity units": one for each KiB begun. */
export function writeUnitsOf(octets: number): number {
  return Math.ceil(octets / 1024);
}

/** As {@link writeUnitsOf} for a consistent read: one for each 4 KiB begun, and one where nothing is found. */
export function readUnitsOf(octets: number): number {
  return Math.max(1, Math.ceil(octets / 4096));
}

function octetsOfValue(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return Math.min(21, Math.ceil(value.N.length / 2) + 2);
  if (value.B !== undefined) return value.B.length;
  if (value.BOOL !== undefined) return 1;
  throw new Error(
    'expected a text, octets, a number or a Boolean, got a type whose size is not known here',
  );
}
