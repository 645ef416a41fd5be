import * as z from 'zod';
import { DURATION_FORM, parseDuration } from './duration.ts';
import type { Place } from './problem.ts';
import { isBlock, isComplete, readFields, warning, wrong } from './schema-fields.ts';
import { choice, lineOfText, optional, orElse, scalar, wholeNumber } from './schema-value.ts';
import {
  ADDRESS_FORM,
  formatConfiguredAddress,
  parseConfiguredAddress,
} from './configured-address.ts';
import { secretRef, warnOfPlainSecret } from './schema-secret.ts';
import { sesBlock } from './schema-ses.ts';
import { readTransport, transportShape } from './schema-transport.ts';
import type { SchemaContext } from './schema-transport.ts';
import type { DeliverySettings, Problem, SmtpSettings } from './settings.ts';

/** RFC 6409 §3.1 submission, and RFC 8314 §3.3 for TLS from the first byte on. */
const SMTP_PORTS = { clear: 587, implicit: 465 };

const DAY_MS = 86_400_000;
/** SQS keeps a job for 14 days at most. */
const LONGEST_WAIT_MS = 14 * DAY_MS;

export const smtpShape = {
  ...transportShape('starttls'),
  username: optional(lineOfText),
  password: optional(secretRef),
};

export const deliveryShape = {
  transport: orElse(choice(['smtp', 'lmtp', 'ses']), 'smtp'),
  smtp: z.unknown().transform((value) => value ?? {}),
  ses: optional(sesBlock),
  sender: orElse(scalar(`original or ${ADDRESS_FORM}`, parseSender), 'original'),
  concurrency: orElse(wholeNumber(1, 100), 4),
  giveUpAfter: orElse(scalar(`${DURATION_FORM}, at most 14d`, parseWait), 5 * DAY_MS),
};

function parseSender(value: unknown): string | null {
  if (value === 'original') return value;
  const parsed = parseConfiguredAddress(value);
  return parsed === null ? null : formatConfiguredAddress(parsed);
}

function parseWait(value: unknown): number | null {
  const ms = parseDuration(value);
  return ms !== null && ms <= LONGEST_WAIT_MS ? ms : null;
}

/**
 * Reads the `delivery` block. The block of the other transport is checked as well, and reported as not used.
 *
 * @returns null when something was wrong
 */
export function readDelivery(
  value: unknown,
  context: SchemaContext,
  problems: Problem[],
): DeliverySettings | null {
  const place = ['delivery'];
  const fields = readFields(deliveryShape, value, place, problems);
  const isSes = fields.transport === 'ses';
  if (isSes) warnOfUnused(value, 'smtp', problems);
  // What is wrong in it is reported already.
  else if (fields.transport !== undefined && fields.ses) warnOfUnused(value, 'ses', problems);
  const smtp =
    isSes && !isGiven(value, 'smtp')
      ? null
      : readSmtp(fields.smtp, [...place, 'smtp'], context, problems);
  if (fields.transport === 'lmtp') warnOfSmtpPort(fields.smtp, [...place, 'smtp'], problems);
  if (!isComplete(fields)) return null;
  const { transport, ses, sender, concurrency, giveUpAfter } = fields;
  const common = { sender, concurrency, giveUpAfterMs: giveUpAfter };
  if (transport !== 'ses') return smtp === null ? null : { ...common, transport, smtp };
  if (ses !== null) return { ...common, transport, ses };
  problems.push(wrong([...place, 'ses'], 'a block with "from", since the transport is ses', null));
  return null;
}

function warnOfSmtpPort(smtp: unknown, place: Place, problems: Problem[]): void {
  if (!isBlock(smtp) || isGiven(smtp, 'port')) return;
  const expected = 'the port of the LMTP server, often 24';
  problems.push(warning([...place, 'port'], expected, 'nothing: the port of SMTP is used'));
}

function isGiven(block: unknown, key: string): boolean {
  return isBlock(block) && block[key] !== undefined && block[key] !== null;
}

function warnOfUnused(value: unknown, unused: 'smtp' | 'ses', problems: Problem[]): void {
  if (!isGiven(value, unused)) return;
  problems.push(warning(['delivery', unused], 'no such block', 'a block that is not used'));
}

function readSmtp(
  value: unknown,
  place: Place,
  context: SchemaContext,
  problems: Problem[],
): SmtpSettings | null {
  const fields = readFields(smtpShape, value, place, problems);
  const transport = readTransport(fields, place, SMTP_PORTS, context, problems);
  const { username, password } = fields;
  warnOfPlainSecret(password, [...place, 'password'], problems);
  // Half of a login would silently be none: the server then refuses to relay, or takes mail from anybody.
  if (username === null && password !== null && password !== undefined) {
    const expected = 'a user name, since a password is given';
    problems.push(wrong([...place, 'username'], expected, undefined));
    return null;
  }
  if (password === null && username !== null && username !== undefined) {
    const expected = 'a password, since a user name is given';
    problems.push(wrong([...place, 'password'], expected, undefined));
    return null;
  }
  if (transport === null || username === undefined || password === undefined) return null;
  return isComplete(fields) ? { ...transport, username, password } : null;
}
