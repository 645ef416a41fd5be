import { collectFields, fieldValue } from './header-block.ts';

const NAME = 'message-id';
const NAMES: ReadonlySet<string> = new Set([NAME]);

/** Octets of a Message-ID that are kept: RFC 5322 allows a line of 998, honest ones have less than 100. */
const KEPT_OCTETS = 250;
/** A field longer than any line is not looked at. */
const FIELD_OCTETS = 64 * 1024;

/**
 * The first Message-ID of a header block that is not empty, in the form by which it is found again:
 * {@link canonicalMessageId}.
 */
export function messageIdOf(header: Buffer): string | null {
  for (const field of collectFields(header, NAMES).get(NAME) ?? []) {
    const value = fieldValue(header, field).subarray(0, FIELD_OCTETS);
    const id = canonicalMessageId(value.toString('utf8'));
    if (id !== null) return id;
  }
  return null;
}

/**
 * A Message-ID with its brackets, without what stands around them or was folded into it, and cut where it is longer
 * than any honest one.
 * @returns null for one that is empty
 */
export function canonicalMessageId(written: string): string | null {
  const clean = written.replaceAll(/[\p{C}\s]+/gu, '');
  const inBrackets = /<[^<>]+>/.exec(clean)?.[0];
  const bare = clean.replaceAll(/[<>]/g, '');
  const id = inBrackets ?? (bare === '' ? null : `<${bare}>`);
  if (id === null || Buffer.byteLength(id) <= KEPT_OCTETS) return id;
  return Buffer.from(id).toString('latin1', 0, KEPT_OCTETS);
}
