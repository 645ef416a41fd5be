import { foldField } from './fold.ts';
import { fieldValue, headerFields } from './header-block.ts';
import type { HeaderField } from './header-block.ts';
import { ADDRESS_FIELDS, SENDER_FIELDS, standsOnce } from './ses-fields.ts';
import { isReadable } from './ses-people.ts';
import { sesSender } from './ses-sender.ts';

export interface SesHeader {
  /** CRLF line ends, with the empty line that ends it. */
  readonly header: Buffer;
  /** Names of the fields that now begin with `X-Original-`, as written, each once. */
  readonly renamed: readonly string[];
}

const ORIGINAL = 'X-Original-';
/** RFC 5322 section 2.1.1: 998 octets and CRLF, which is what SES takes. */
const LINE_OCTETS = 998;
const CRLF = Buffer.from('\r\n');

/**
 * A header block as Amazon SES takes it. From becomes the verified identity, with the original's name and domain in
 * words; Reply-To stays, or takes the original From. Whatever SES would replace or refuse stays readable under
 * `X-Original-`: senders and signatures, a second field of a kind that may stand once, fields whose addresses nobody
 * can read, lines that are no field. Everything else keeps its place and its words; line ends become CRLF.
 *
 * @param header with the empty line that ends it, or without one
 * @param identity the verified address
 * @param mailFrom MAIL FROM as routing chose it, which SES cannot carry
 */
export function sesHeader(header: Buffer, identity: string, mailFrom: string): SesHeader {
  const fields = [...headerFields(header)];
  const sender = sesSender(header, fields, identity);
  const seen = new Set<string>();
  const renamed = new Set<string>();
  const lines: Buffer[] = sender.added.map((field) => Buffer.from(`${field}\r\n`, 'latin1'));
  lines.push(Buffer.from(`${ORIGINAL}Return-Path: <${printable(mailFrom)}>\r\n`, 'latin1'));
  for (const name of ['Message-ID', 'Date']) lines.push(...copied(header, fields, name));
  let at = 0;
  for (const field of fields) {
    lines.push(...junk(header.subarray(at, field.start)));
    at = field.end;
    const name = field.name.toLowerCase();
    const keeps = sender.kept.has(field) || isTakenBySes(header, field, name, seen);
    if (!keeps) renamed.add(field.name);
    seen.add(name);
    lines.push(fieldLines(header, field, keeps ? field.name : `${ORIGINAL}${field.name}`));
  }
  lines.push(...junk(header.subarray(at)));
  return { header: Buffer.concat([...lines, CRLF]), renamed: [...renamed] };
}

function isTakenBySes(
  header: Buffer,
  field: HeaderField,
  name: string,
  seen: ReadonlySet<string>,
): boolean {
  if (SENDER_FIELDS.has(name) || name === 'reply-to') return false;
  if (standsOnce(name) && seen.has(name)) return false;
  return !ADDRESS_FIELDS.has(name) || isReadable(fieldValue(header, field));
}

/** SES replaces these two: the first of each stays, and stands beside it under another name. */
function copied(header: Buffer, fields: readonly HeaderField[], name: string): Buffer[] {
  const first = fields.find((field) => field.name.toLowerCase() === name.toLowerCase());
  return first === undefined ? [] : [fieldLines(header, first, `${ORIGINAL}${name}`)];
}

/** Name and value, folded where it was and where a line would be too long; blank continuation lines go. */
function fieldLines(header: Buffer, field: HeaderField, name: string): Buffer {
  const value = fieldValue(header, field).toString('latin1');
  const [first = '', ...more] = value.split(/\r*\n|\r/);
  const lines = [`${name}:${first}`, ...more.filter((line) => line.trim() !== '')];
  const short = lines.flatMap((line) => (line.length > LINE_OCTETS ? broken(line) : [line]));
  return Buffer.from(`${short.join('\r\n')}\r\n`, 'latin1');
}

/** Cut before blanks, which begin the next line; those at the end go, and a word too long for a line stays whole. */
function broken(line: string): string[] {
  const lines: string[] = [];
  let rest = line.trimEnd();
  while (rest.length > LINE_OCTETS) {
    const cut = lastBlank(rest);
    if (cut === null) break;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return [...lines, rest];
}

/** The last blank that leaves a line of at most the limit with words in it. */
function lastBlank(text: string): number | null {
  for (let at = Math.min(LINE_OCTETS, text.length - 1); at > 0; at -= 1) {
    if (!/[ \t]/.test(text.charAt(at))) continue;
    return /^(?:\S+:|\s*)$/.test(text.slice(0, at)) ? null : at;
  }
  return null;
}

/** Lines of the header that are no field: a From_ line of a mailbox file, a field without a name. */
function junk(lines: Buffer): Buffer[] {
  return lines
    .toString('latin1')
    .split(/\r*\n|\r/)
    .filter((line) => line.trim() !== '')
    .map((line) =>
      Buffer.from(`${foldField(`${ORIGINAL}Line`, line.trim().split(/[ \t]+/))}\r\n`, 'latin1'),
    );
}

function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?');
}
