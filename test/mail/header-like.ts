import fc from 'fast-check';

/** Octets that look like mail, with all that goes wrong in it: pieces of fields, line ends of every kind, junk. */
export const headerLike = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'Return-Path: <a@nwtraders.example>',
        'To: chris@corp.example, b@other.example',
        'Cc: "x"@corp.example;',
        'Bcc: c@corp.example',
        'Delivered-To: chris@corp.example',
        'Subject : \xe4',
        'From a@b Mon',
        '>From c',
        'junk',
        ' folded',
        '\t',
        ':',
        '\0',
      ),
      fc.constantFrom('\r\n', '\n', '\r', '\r\r\n', '\r\n\r\n', '\n\n'),
      fc.string({ unit: 'binary-ascii', maxLength: 5 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => Buffer.from(pieces.join(''), 'latin1'));

/** Cuts octets at the given places, modulo their length; empty chunks included. */
export function cut(octets: Buffer, places: readonly number[]): Buffer[] {
  const at = places.map((place) => place % (octets.length + 1)).sort((a, b) => a - b);
  return [0, ...at].map((start, index) => octets.subarray(start, at[index] ?? octets.length));
}
