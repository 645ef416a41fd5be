import { collectFields, fieldValue } from './header-block.ts';
import type { FieldsByName } from './header-block.ts';

const NAMES = new Set(['received', 'date']);

/**
 * When a message came to its mailbox: the time of the topmost Received field (RFC 5321 section 4.4), which the provider
 * wrote, else of Date, which the sender did.
 * @returns milliseconds since the epoch; null where neither can be read
 */
export function messageDate(header: Buffer): number | null {
  const fields = collectFields(header, NAMES);
  const received = topmost(header, fields, 'received');
  // Behind the last semicolon: those before may stand in a comment.
  const fromTrace =
    received === null ? null : parseDateTime(received.slice(received.lastIndexOf(';') + 1));
  if (fromTrace !== null) return fromTrace;
  const date = topmost(header, fields, 'date');
  return date === null ? null : parseDateTime(date);
}

function topmost(header: Buffer, fields: FieldsByName, name: string): string | null {
  const field = fields.get(name)?.[0];
  return field === undefined ? null : fieldValue(header, field).toString('latin1');
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const DATE_TIME =
  /^(?:[a-z]+\s*,?\s*)?(\d{1,2})[\s-]+([a-z]{3})[a-z]*[\s-]+(\d{2,4})\s+(\d{1,2})\s*:\s*(\d{2})(?:\s*:\s*(\d{2}))?(?:\.\d+)?\s*([+-]\d{4}|[a-z]{1,5})?$/i;

/** Hours of the zones that RFC 5322 section 4.3 knows by name; every other name says nothing, and counts as UTC. */
const ZONES: Readonly<Record<string, number>> = {
  ...{ edt: -4, est: -5, cdt: -5, cst: -6, mdt: -6, mst: -7, pdt: -7, pst: -8 },
};

/** RFC 5322 section 3.3, with the obsolete forms of section 4.3. `Date.parse` finds a date in almost any text. */
function parseDateTime(text: string): number | null {
  const match = DATE_TIME.exec(withoutComments(text).trim());
  if (match === null) return null;
  const [, day = '', month = '', year = '', hour = '', minute = '', second, zone] = match;
  const midnight = midnightOf(Number(day), month, fullYear(year));
  const time = timeOf(Number(hour), Number(minute), Number(second ?? 0));
  return midnight === null || time === null ? null : midnight + time - offsetMs(zone ?? '');
}

function midnightOf(day: number, monthName: string, year: number): number | null {
  const month = MONTHS.indexOf(monthName.toLowerCase());
  const at = Date.UTC(year, month, day);
  // A day that the month has not, or no month at all, is read as another day.
  return month !== -1 && new Date(at).getUTCDate() === day ? at : null;
}

/** The 60th second is a leap second. */
function timeOf(hour: number, minute: number, second: number): number | null {
  if (hour > 23 || minute > 59 || second > 60) return null;
  return ((hour * 60 + minute) * 60 + second) * 1000;
}

/** Two and three digits: RFC 5322 section 4.3. */
function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 2) return year < 50 ? 2000 + year : 1900 + year;
  return text.length === 3 ? 1900 + year : year;
}

function offsetMs(zone: string): number {
  const [, sign = '+', hours = '0', minutes = '0'] = /^([+-])(\d{2})(\d{2})$/.exec(zone) ?? [];
  const named = ZONES[zone.toLowerCase()] ?? 0;
  const minutesEast = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return (named * 60 + minutesEast) * 60_000;
}

/** Comments nest (RFC 5322 section 3.2.2). A text with one that does not close is read up to it. */
function withoutComments(text: string): string {
  let depth = 0;
  let kept = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '\\' && depth > 0) at += 1;
    else if (char === '(') depth += 1;
    else if (char === ')' && depth > 0) depth -= 1;
    else if (depth === 0) kept += char;
  }
  return kept;
}
