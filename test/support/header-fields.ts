/** A message cut where RFC 5322 section 2.1 cuts it, kept apart from the program's own code on purpose. */
export interface CutMessage {
  /** Whole fields with their folding and line ends, one character an octet. */
  readonly fields: readonly string[];
  /** From the empty line on, that line included. */
  readonly rest: Buffer;
}

/** Cuts a message with CRLF line ends whose header holds fields only. */
export function cutMessage(message: Buffer): CutMessage {
  const end = message.indexOf('\r\n\r\n');
  const startsEmpty = message.indexOf('\r\n') === 0;
  const headerEnd = startsEmpty ? 0 : end === -1 ? message.length : end + 2;
  const header = message.toString('latin1', 0, headerEnd);
  // A field is a line and the lines after it that begin with a blank.
  const fields = header.split(/(?<=\r\n)(?![ \t])/).filter((field) => field !== '');
  return { fields, rest: message.subarray(headerEnd) };
}

export function fieldName(field: string): string {
  return field.slice(0, field.indexOf(':')).trim().toLowerCase();
}
