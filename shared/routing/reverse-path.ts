import { isNullPath, readAddresses } from '../mail/address-field.ts';
import { SENDER_LOCAL_OCTETS } from '../mail/address.ts';
import { fieldValue } from '../mail/header-block.ts';
import type { FieldsByName, HeaderField } from '../mail/header-block.ts';

/** Octets of a field that is looked at for a sender; a longer one is no sender. */
const MAX_SENDER_FIELD_OCTETS = 64 * 1024;

/**
 * MAIL FROM for a message; `''` is the null reverse-path.
 *
 * The topmost Return-Path is the envelope as the provider saw it; lower ones are older hops' or the sender's own. A
 * null one stays null whatever is configured: bounces must not be answered by bounces (RFC 5321 section 4.5.5).
 * @param sender `original` or a fixed address
 */
export function reversePath(header: Buffer, fields: FieldsByName, sender: string): string {
  const returnPath = fields.get('return-path')?.[0];
  const original = returnPath === undefined ? null : returnPathOf(header, returnPath);
  if (original === '' || sender !== 'original') return original === '' ? '' : sender;
  return (
    original ?? firstAddress(header, fields, 'sender') ?? firstAddress(header, fields, 'from') ?? ''
  );
}

/** `''` for `<>` and for an empty value (servers that leave the brackets out), null for what is no path. */
function returnPathOf(header: Buffer, field: HeaderField): string | null {
  const value = shortValue(header, field);
  const isNull = isNullPath(value) || value.toString('latin1').trim() === DOUBLE_BOUNCE;
  return isNull ? '' : addressOf(header, field);
}

/** qmail's sender of a bounce that could not be bounced itself (qmail-send(8)): whatever answers it goes round. */
const DOUBLE_BOUNCE = '<#@[]>';

function firstAddress(header: Buffer, fields: FieldsByName, name: string): string | null {
  for (const field of fields.get(name) ?? []) {
    const address = addressOf(header, field);
    if (address !== null) return address;
  }
  return null;
}

function addressOf(header: Buffer, field: HeaderField): string | null {
  const entries = readAddresses(shortValue(header, field), SENDER_LOCAL_OCTETS);
  const found = entries.find((entry) => entry.kind === 'address');
  return found === undefined ? null : found.address.text;
}

/** An over-long field reads as text that is neither an address nor empty; cut short, it could end in another's address. */
function shortValue(header: Buffer, field: HeaderField): Buffer {
  const value = fieldValue(header, field);
  return value.length > MAX_SENDER_FIELD_OCTETS ? NO_SENDER : value;
}

const NO_SENDER = Buffer.from('unread');
