import { headerFields } from '../mail/header-block.ts';
import type { HeaderField } from '../mail/header-block.ts';
import type { RecipientLikeField } from './recipient-like-fields.ts';

/** No honest field is longer; octets. */
const FIELD_OCTETS = 8 * 1024;
/** Of all that is kept of one message; octets. */
const EXTRACT_OCTETS = 32 * 1024;
const LINE_END = Buffer.from('\r\n');

/**
 * What a suggestion goes by: the fields that could name a recipient and From, in their order, so that those of a
 * thousand messages can be kept at hand, whatever else the messages hold.
 * @returns a header block of its own, no view
 */
export function headerExtract(header: Buffer, fields: readonly RecipientLikeField[]): Buffer {
  const kept: Buffer[] = [];
  let octets = 0;
  for (const { start, end } of inOrder(header, fields)) {
    const length = end - start;
    if (length > FIELD_OCTETS || octets + length > EXTRACT_OCTETS) continue;
    octets += length;
    kept.push(header.subarray(start, end));
  }
  // The last field of a block may have no line end.
  return Buffer.concat([...kept, LINE_END, LINE_END]);
}

function inOrder(header: Buffer, fields: readonly RecipientLikeField[]): readonly HeaderField[] {
  const from = headerFields(header).find(({ name }) => name.toLowerCase() === 'from');
  const chosen = fields.map(({ field }) => field);
  return (from === undefined ? chosen : [...chosen, from]).toSorted(
    (one, other) => one.start - other.start,
  );
}
