/**
 * The header block of a message as octets: where it ends, and where its fields lie (RFC 5322 section 2.1, 2.2).
 *
 * A "header block" here is everything up to and including the first empty line, or the whole message where there is
 * none. Mail comes with LF, CRLF or both, with From_ lines of mailbox files on top, with lines that are no field, and
 * without any field at all; nothing of that is repaired here, so that nothing is lost.
 */

/** A larger header block is not routed: it would have to be held in memory, and no honest message has one. Octets. */
export const MAX_HEADER_OCTETS = 8 * 1024 * 1024;

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const DELETE = 0x7f;

export interface HeaderSplit {
  /** With the empty line that ends it; a view on the octets given. */
  readonly header: Buffer;
  /** Offset of the first octet of the body. */
  readonly bodyStart: number;
}

/**
 * Cuts a message's first octets after the header block.
 * @param complete whether `prefix` is the whole message
 * @returns null when the block does not end within `prefix` and more octets are needed
 */
export function splitHeader(prefix: Buffer, complete: boolean): HeaderSplit | null {
  const end = headerEndFinder()(prefix) ?? (complete ? prefix.length : null);
  return end === null ? null : { header: prefix.subarray(0, end), bodyStart: end };
}

/**
 * Finds the end of a header block in chunks, whatever way the message was cut, looking at each octet once.
 * @returns a function to call with each chunk in turn; it gives the offset in that chunk where the body begins, or
 * null while the block goes on
 */
export function headerEndFinder(): (chunk: Buffer) => number | null {
  let lineOctets = 0;
  let onlyCr = false;
  return (chunk) => {
    let start = 0;
    for (;;) {
      const lf = chunk.indexOf(LF, start);
      const end = lf === -1 ? chunk.length : lf;
      if (lineOctets === 0 && end > start) onlyCr = chunk[start] === CR;
      lineOctets += end - start;
      if (lf === -1) return null;
      if (lineOctets === 0 || (lineOctets === 1 && onlyCr)) return lf + 1;
      lineOctets = 0;
      start = lf + 1;
    }
  };
}

/** One field; offsets into the header block it was read from. */
export interface HeaderField {
  /** As written. */
  readonly name: string;
  /** First octet of the name. */
  readonly start: number;
  /** Behind the name; blanks may stand before the colon (RFC 5322 section 4.5). */
  readonly nameEnd: number;
  /** Behind the colon. */
  readonly valueStart: number;
  /** Before the line end of the last line; folding in between belongs to the value. */
  readonly valueEnd: number;
  /** Behind the line end of the last continuation line. */
  readonly end: number;
}

/**
 * The fields in their order. A line that is no field (a From_ line, junk, a first line that begins with a blank) is
 * passed over together with its continuation lines.
 */
export function* headerFields(header: Buffer): Generator<HeaderField, void> {
  let field: HeaderField | null = null;
  let start = 0;
  while (start < header.length) {
    const lf = header.indexOf(LF, start);
    const end = lf === -1 ? header.length : lf + 1;
    const contentEnd = endOfContent(header, start, lf);
    if (contentEnd === start) break;
    if (isBlank(header[start])) {
      field = continued(field, contentEnd, end);
    } else {
      if (field !== null) yield field;
      field = fieldAt(header, start, contentEnd, end);
    }
    start = end;
  }
  if (field !== null) yield field;
}

/** Fields by lower-case name, in their order; only the names asked for. */
export type FieldsByName = ReadonlyMap<string, readonly HeaderField[]>;

/** @param names lower case */
export function collectFields(header: Buffer, names: ReadonlySet<string>): FieldsByName {
  const found = new Map<string, HeaderField[]>();
  for (const field of headerFields(header)) {
    const name = field.name.toLowerCase();
    if (!names.has(name)) continue;
    const same = found.get(name);
    if (same === undefined) found.set(name, [field]);
    else same.push(field);
  }
  return found;
}

/** The value with its folding, without the last line end; a view. */
export function fieldValue(header: Buffer, field: HeaderField): Buffer {
  return header.subarray(field.valueStart, field.valueEnd);
}

/** How the first line ends: what is added has to end the same way. CRLF where there is no line end at all. */
export function lineEndOf(header: Buffer): '\r\n' | '\n' {
  const lf = header.indexOf(LF);
  return lf === -1 || header[lf - 1] === CR ? '\r\n' : '\n';
}

/** Whether the block begins with the empty line that ends it. */
export function startsWithEmptyLine(header: Buffer): boolean {
  return header[0] === LF || (header[0] === CR && header[1] === LF);
}

function endOfContent(header: Buffer, start: number, lf: number): number {
  if (lf === -1) return header.length;
  return lf > start && header[lf - 1] === CR ? lf - 1 : lf;
}

function fieldAt(
  header: Buffer,
  start: number,
  contentEnd: number,
  end: number,
): HeaderField | null {
  let at = start;
  while (at < contentEnd && isNameOctet(header[at])) at += 1;
  const nameEnd = at;
  while (at < contentEnd && isBlank(header[at])) at += 1;
  if (nameEnd === start || at === contentEnd || header[at] !== COLON) return null;
  const name = header.toString('latin1', start, nameEnd);
  return { name, start, nameEnd, valueStart: at + 1, valueEnd: contentEnd, end };
}

function continued(field: HeaderField | null, valueEnd: number, end: number): HeaderField | null {
  return field === null ? null : { ...field, valueEnd, end };
}

/** `ftext` of RFC 5322 section 3.6.8. */
function isNameOctet(octet: number | undefined): boolean {
  return octet !== undefined && octet > SPACE && octet < DELETE && octet !== COLON;
}

function isBlank(octet: number | undefined): boolean {
  return octet === SPACE || octet === TAB;
}
