/**
 * The header block of a message as octets: where it ends, and where its fields lie (RFC 5322 section 2.1, 2.2).
 *
 * A "header block" here is everything up to and including the first empty line, or the whole message where there is
 * none. Mail comes with LF, CRLF, CR CR LF or a mixture, with From_ lines of mailbox files on top, with lines that are
 * no field, and without any field at all; nothing of that is repaired here, so that nothing is lost.
 *
 * Within the block a bare CR ends a line too, since SMTP makes CRLF of it: the next server reads the fields just so. A
 * message that knows no other line end would be one endless field else, and go when that field is removed.
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
  let emptySoFar = true;
  return (chunk) => {
    let start = 0;
    for (;;) {
      const lf = chunk.indexOf(LF, start);
      const end = lf === -1 ? chunk.length : lf;
      emptySoFar &&= crsEnd(chunk, start, end) === end;
      if (lf === -1) return null;
      if (emptySoFar) return lf + 1;
      emptySoFar = true;
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
  for (const { start, contentEnd, end } of lines(header)) {
    if (contentEnd === start) break;
    if (isBlank(header[start])) {
      field = continued(field, contentEnd, end);
    } else {
      if (field !== null) yield field;
      field = fieldAt(header, start, contentEnd, end);
    }
  }
  if (field !== null) yield field;
}

/**
 * How many fields there are of these names; counts no further than `limit`.
 * @param names lower case
 */
export function countFields(header: Buffer, names: ReadonlySet<string>, limit: number): number {
  return headerFields(header)
    .filter(({ name }) => names.has(name.toLowerCase()))
    .take(limit)
    .reduce((count) => count + 1, 0);
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
  return header[0] === LF || header[0] === CR;
}

interface Line {
  readonly start: number;
  /** Before the line end. */
  readonly contentEnd: number;
  /** Behind it. */
  readonly end: number;
}

function* lines(header: Buffer): Generator<Line, void> {
  let start = 0;
  let lf = -1;
  let cr = -1;
  while (start < header.length) {
    // Each octet is searched once for each of the two, however far the next one is.
    if (lf < start) lf = nextOf(LF, header, start);
    if (cr < start) cr = nextOf(CR, header, start);
    const contentEnd = Math.min(lf, cr);
    const behind = crsEnd(header, contentEnd, lf);
    const end = Math.min(behind === lf ? lf + 1 : contentEnd + 1, header.length);
    yield { start, contentEnd, end };
    start = end;
  }
}

/** Offset of the next such octet; the end where there is none. */
function nextOf(octet: number, header: Buffer, from: number): number {
  const found = header.indexOf(octet, from);
  return found === -1 ? header.length : found;
}

/** Behind the CRs that stand at `from`. */
function crsEnd(octets: Buffer, from: number, limit: number): number {
  let at = from;
  while (at < limit && octets[at] === CR) at += 1;
  return at;
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
