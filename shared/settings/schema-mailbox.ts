import type { z } from 'zod';
import { parseDuration } from './duration.ts';
import { checkRecipients, recipientPart, recipientShape } from './mailbox-recipients.ts';
import type { MailboxSurroundings } from './mailbox-recipients.ts';
import { parseSchedule, SCHEDULE_FORM } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import { isComplete, readFields } from './schema-fields.ts';
import type { Complete, Fields } from './schema-fields.ts';
import { choice, optional, orElse, scalar } from './schema-value.ts';
import { oauth, readLogin } from './schema-oauth.ts';
import type { LoginSettings } from './schema-oauth.ts';
import { secretRef } from './schema-secret.ts';
import { readTransport, transportShape } from './schema-transport.ts';
import type { SchemaContext } from './schema-transport.ts';
import type { Initial, Keep, Mailbox, Problem, Transport } from './settings.ts';

/** RFC 1939 §3, and RFC 8314 §3.3 for TLS from the first byte on. */
const POP3_PORTS = { clear: 110, implicit: 995 };

const EVERY_5_MINUTES: Schedule = { kind: 'every', ms: 5 * 60_000 };

const AUTHENTICATION = [
  'auto',
  'plain',
  'user',
  'login',
  'apop',
  'cram-md5',
  'scram-sha-1',
  'scram-sha-256',
  'ntlm',
  'xoauth2',
  'oauthbearer',
] as const;

/** One of some words, or an age such as `7d`. */
function wordOrAge<Word extends string>(
  words: readonly Word[],
): z.ZodType<Word | { readonly ageMs: number }> {
  return scalar(`${words.join(', ')} or a time such as 7d`, (value) => {
    const word = words.find((one) => one === value);
    if (word !== undefined) return word;
    const ageMs = parseDuration(value);
    return ageMs === null ? null : { ageMs };
  });
}

export const mailboxShape = {
  ...transportShape('implicit'),
  ...recipientShape,
  password: optional(secretRef),
  auth: orElse(choice(AUTHENTICATION), 'auto'),
  oauth: optional(oauth),
  schedule: orElse(scalar(SCHEDULE_FORM, parseSchedule), EVERY_5_MINUTES),
  keep: orElse<Keep>(wordOrAge(['none', 'delivered', 'forever']), 'none'),
  initial: orElse<Initial>(wordOrAge(['all', 'none']), 'all'),
};

type MailboxFields = Fields<typeof mailboxShape>;

/**
 * Reads one entry of `mailboxes`.
 *
 * @returns null when something was wrong
 */
export function readMailbox(
  id: string,
  value: unknown,
  surroundings: MailboxSurroundings,
  context: SchemaContext,
  problems: Problem[],
): Mailbox | null {
  const place = ['mailboxes', id];
  const found: Problem[] = [];
  const fields = readFields(mailboxShape, value, place, found);
  const transport = readTransport(fields, place, POP3_PORTS, context, found);
  const login = readLogin(fields, place, found);
  checkRecipients(value, fields, fields, place, surroundings, found);
  const mailbox =
    isComplete(fields) && transport !== null && login !== null
      ? build(id, fields, { ...transport, ...login }, surroundings)
      : null;
  problems.push(...found);
  return found.some((problem) => problem.severity === 'error') ? null : mailbox;
}

function build(
  id: string,
  fields: Complete<MailboxFields>,
  access: Transport & LoginSettings,
  surroundings: MailboxSurroundings,
): Mailbox | null {
  const { username, auth, schedule, keep, initial } = fields;
  const common = { ...access, id, username, auth, schedule, keep, initial };
  const recipients = recipientPart(fields, { host: access.host, username }, surroundings);
  return recipients === null ? null : { ...common, ...recipients };
}
