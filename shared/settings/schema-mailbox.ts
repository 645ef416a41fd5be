import type { z } from 'zod';
import { parseDuration } from './duration.ts';
import { notYetSupported } from './problem.ts';
import type { Place } from './problem.ts';
import { parseSchedule, SCHEDULE_FORM } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import { isComplete, readFields, refuseLater, wrong } from './schema-fields.ts';
import type { Complete, Fields } from './schema-fields.ts';
import {
  address,
  addressList,
  choice,
  comparedAddressList,
  optional,
  orElse,
  scalar,
} from './schema-value.ts';
import { oauth } from './schema-oauth.ts';
import { rules, spam } from './schema-rule.ts';
import { secretRef, warnOfPlainSecret } from './schema-secret.ts';
import { checkSources, recipientSource, supportedSources } from './schema-source.ts';
import { readTransport, transportShape } from './schema-transport.ts';
import type { SchemaContext } from './schema-transport.ts';
import type { Mailbox, Problem, Transport } from './settings.ts';

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

/** One of some words, or a time such as `7d` as text. */
function wordOrTime(words: readonly string[]): z.ZodType<string> {
  return scalar(`${words.join(', ')} or a time such as 7d`, (value) =>
    typeof value === 'string' && (words.includes(value) || parseDuration(value) !== null)
      ? value
      : null,
  );
}

const shape = {
  ...transportShape('implicit'),
  type: choice(['user', 'global']),
  password: secretRef,
  auth: orElse(choice(AUTHENTICATION), 'auto'),
  oauth: optional(oauth),
  schedule: orElse(scalar(SCHEDULE_FORM, parseSchedule), EVERY_5_MINUTES),
  keep: orElse(wordOrTime(['none', 'delivered', 'forever']), 'none'),
  initial: orElse(wordOrTime(['all', 'none']), 'all'),
  deliverTo: optional(addressList),
  recipientSource: optional(recipientSource),
  ignore: optional(comparedAddressList),
  rules: optional(rules),
  undeliverable: optional(address),
  spam,
};

type MailboxFields = Fields<typeof shape>;

/** What of the general settings a mailbox depends on; undefined: wrong there, and reported there. */
export interface MailboxSurroundings {
  readonly domains: readonly string[] | undefined;
  readonly undeliverable: string | null | undefined;
}

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
  const fields = readFields(shape, value, place, found);
  const transport = readTransport(fields, place, POP3_PORTS, context, found);
  warnOfPlainSecret(fields.password, [...place, 'password'], found);
  checkLater(fields, place, found);
  if (fields.type === 'user') checkUser(fields, place, found);
  if (fields.type === 'global') checkGlobal(fields, id, surroundings, found);
  const mailbox =
    isComplete(fields) && transport !== null ? build(id, fields, transport, surroundings) : null;
  problems.push(...found);
  return found.some((problem) => problem.severity === 'error') ? null : mailbox;
}

/** Forms that are settled and that this version does not act on yet. */
function checkLater(fields: MailboxFields, place: Place, problems: Problem[]): void {
  if (fields.auth !== undefined && supportedAuth(fields.auth) === null) {
    problems.push(
      notYetSupported([...place, 'auth'], 'a mechanism that takes a password', fields.auth),
    );
  }
  if (fields.keep !== undefined && supportedKeep(fields.keep) === null) {
    problems.push(notYetSupported([...place, 'keep'], 'none or forever', fields.keep));
  }
  if (fields.initial !== undefined && fields.initial !== 'all') {
    problems.push(notYetSupported([...place, 'initial'], 'all', fields.initial));
  }
  refuseLater([...place, 'oauth'], 'no such setting', fields.oauth, problems);
  refuseLater([...place, 'spam'], 'no such setting', fields.spam, problems);
}

function supportedAuth(auth: (typeof AUTHENTICATION)[number]): Mailbox['auth'] | null {
  return auth === 'xoauth2' || auth === 'oauthbearer' ? null : auth;
}

function supportedKeep(keep: string): Mailbox['keep'] | null {
  return keep === 'none' || keep === 'forever' ? keep : null;
}

/** A user mailbox never looks at the header: what would choose recipients there is a misunderstanding, not a setting. */
function checkUser(fields: MailboxFields, place: Place, problems: Problem[]): void {
  if (fields.deliverTo === null) {
    problems.push(
      wrong([...place, 'deliverTo'], 'the addresses that this user mailbox is for', undefined),
    );
  }
  for (const key of ['recipientSource', 'ignore', 'rules'] as const) {
    if (fields[key] === null || fields[key] === undefined) continue;
    problems.push(wrong([...place, key], 'no such setting in a mailbox of type user', fields[key]));
  }
}

function checkGlobal(
  fields: MailboxFields,
  id: string,
  surroundings: MailboxSurroundings,
  problems: Problem[],
): void {
  const place = ['mailboxes', id];
  if (fields.deliverTo !== null && fields.deliverTo !== undefined) {
    problems.push(
      wrong(
        [...place, 'deliverTo'],
        'no such setting in a mailbox of type global',
        fields.deliverTo,
        'recipients are read from the header; fixed ones belong to type user',
      ),
    );
  }
  refuseLater([...place, 'rules'], 'no such setting', fields.rules, problems);
  checkSources(fields.recipientSource ?? [], [...place, 'recipientSource'], problems);
  if (surroundings.domains?.length === 0) {
    const expected = `at least one accepted domain, since mailbox ${id} is global`;
    problems.push({ ...wrong(['domains'], expected, []), got: 'none' });
  }
  if (fields.undeliverable === null && surroundings.undeliverable === null) {
    const expected =
      'an address here or in the general "undeliverable", since the mailbox is global';
    problems.push(wrong([...place, 'undeliverable'], expected, undefined));
  }
}

function build(
  id: string,
  fields: Complete<MailboxFields>,
  transport: Transport,
  surroundings: MailboxSurroundings,
): Mailbox | null {
  const auth = supportedAuth(fields.auth);
  const keep = supportedKeep(fields.keep);
  if (auth === null || keep === null) return null;
  const { username, password, schedule } = fields;
  const initial = 'all' as const;
  const common = { ...transport, id, username, password, auth, schedule, keep, initial };
  if (fields.type === 'user') {
    const { deliverTo, undeliverable } = fields;
    return { ...common, type: 'user', deliverTo: deliverTo ?? [], undeliverable };
  }
  const undeliverable = fields.undeliverable ?? surroundings.undeliverable ?? null;
  const sources = supportedSources(fields.recipientSource ?? ['to']);
  if (undeliverable === null) return null;
  const ignore = new Set(fields.ignore ?? []);
  return { ...common, type: 'global', recipientSource: sources, ignore, undeliverable };
}
