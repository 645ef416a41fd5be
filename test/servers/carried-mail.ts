import { cutMessage, fieldName } from '../support/header-fields.ts';
import { asSentByDovecot, asSentBySmtp } from '../support/line-ends.ts';

/** Fields that the connector may put on top. */
const ADDED = ['received', 'x-mailferry-id', 'x-mailferry-undeliverable'];
/** A field of the last delivery, which is not this one. */
const REMOVED = ['return-path'];

/**
 * What is wrong with a message as delivered, in words; `null` when every octet is where it belongs.
 *
 * @param stored the file in Dovecot's Maildir
 * @param delivered what the destination got, with CRLF line ends
 */
export function differenceOf(stored: Buffer, delivered: Buffer): string | null {
  const sent = cutMessage(asSentBySmtp(asSentByDovecot(stored)));
  const got = cutMessage(delivered);
  const expectedFields = sent.fields.filter((field) => !REMOVED.includes(fieldName(field)));
  const addedCount = got.fields.length - expectedFields.length;
  const added = got.fields.slice(0, Math.max(addedCount, 0)).map(fieldName);
  if (added[0] !== 'received' || added[1] !== 'x-mailferry-id') {
    return `expected Received and X-Mailferry-Id on top, got ${JSON.stringify(added)}`;
  }
  const unknown = added.filter((name) => !ADDED.includes(name));
  if (unknown.length > 0) return `expected no other field on top, got ${unknown.join(', ')}`;
  const moved = expectedFields.findIndex(
    (field, index) => field !== got.fields[addedCount + index],
  );
  if (moved !== -1) {
    return `expected header field ${JSON.stringify(expectedFields[moved])}, got ${JSON.stringify(got.fields[addedCount + moved])}`;
  }
  return sent.rest.equals(got.rest) ? null : differingBody(sent.rest, got.rest);
}

function differingBody(sent: Buffer, got: Buffer): string {
  const at = sent.findIndex((octet, index) => octet !== got[index]);
  const from = Math.max((at === -1 ? sent.length : at) - 10, 0);
  const around = (octets: Buffer): string =>
    JSON.stringify(octets.toString('latin1', from, from + 30));
  return `expected a body of ${sent.length} octets, got ${got.length}; they part at ${at}: expected ${around(sent)}, got ${around(got)}`;
}
