import * as z from 'zod';
import { isAcceptedDomain } from '../routing/accepted-domains.ts';
import { MAX_RECIPIENTS } from '../routing/decision.ts';
import { ACCEPTED_DOMAIN_FORM, parseAcceptedDomain } from './accepted-domain.ts';
import { followAliases } from './alias-chain.ts';
import { ADDRESS_FORM, parseComparedAddress } from './configured-address.ts';
import { quote } from './problem.ts';
import { readDelivery } from './schema-delivery.ts';
import { isBlock, isComplete, readFields, warning, wrong } from './schema-fields.ts';
import {
  address,
  choice,
  comparedAddressList,
  optional,
  orElse,
  scalar,
  targetList,
  TOO_MANY_TARGETS,
  wholeNumber,
} from './schema-value.ts';
import { spam } from './schema-spam.ts';
import { parseSize, SIZE_FORM } from './size.ts';
import type { MailboxSurroundings } from './mailbox-recipients.ts';
import type { SchemaContext } from './schema-transport.ts';
import type { GeneralSettings, Limits, Problem } from './settings.ts';

const DEFAULT_MESSAGE_BYTES = 50e6;
/** A minute less than the 15 minutes that Lambda gives a run. */
const DEFAULT_RUN_SECONDS = 840;
const DAY_SECONDS = 86_400;
const DAY_MS = DAY_SECONDS * 1000;
/** A session that breaks off has deleted nothing: so much has to be verified again, at most. */
const DEFAULT_MESSAGES_PER_SESSION = 1000;
const DEFAULT_REMEMBER_DAYS = 30;

const domains = z.array(
  scalar(ACCEPTED_DOMAIN_FORM, parseAcceptedDomain, (value) =>
    typeof value === 'string' && value.startsWith('@')
      ? `write ${quote(value.slice(1))}, without "@"`
      : undefined,
  ),
  { error: 'a list of domain names, such as [corp.example]' },
);

export const generalShape = {
  domains: orElse(domains, []),
  undeliverable: optional(address),
  delivery: z.unknown().transform((value) => value ?? {}),
  aliases: z.unknown().transform((value) => value ?? {}),
  recipients: optional(comparedAddressList),
  mailboxes: z.unknown().transform((value) => value ?? {}),
  spam,
  limits: z.unknown().transform((value) => value ?? {}),
  logLevel: orElse(choice(['debug', 'info', 'warn', 'error']), 'info'),
};

/** `null` is a value in these: no limit. */
export const limitsShape = {
  messageBytes: scalar(`${SIZE_FORM}, or null for no limit`, (value) =>
    value === undefined ? { limit: DEFAULT_MESSAGE_BYTES } : limitOf(value, parseSize),
  ),
  messagesPerRun: optional(wholeNumber(1, 1_000_000)),
  bytesPerRun: scalar(`${SIZE_FORM}, or null for no limit`, (value) =>
    value === undefined ? { limit: null } : limitOf(value, parseSize),
  ),
  messagesPerSession: orElse(wholeNumber(1, 1_000_000), DEFAULT_MESSAGES_PER_SESSION),
  runSeconds: orElse(wholeNumber(1, DAY_SECONDS), DEFAULT_RUN_SECONDS),
  rememberDays: orElse(wholeNumber(1, 3650), DEFAULT_REMEMBER_DAYS),
};

function limitOf(
  value: unknown,
  parse: (value: unknown) => number | null,
): { readonly limit: number | null } | null {
  if (value === null) return { limit: null };
  const limit = parse(value);
  return limit === null ? null : { limit };
}

export interface ReadGeneral extends MailboxSurroundings {
  /** null when something was wrong. */
  readonly general: GeneralSettings | null;
  /** What stands under `mailboxes`, not yet looked at. */
  readonly mailboxes: unknown;
}

/** Reads everything but the mailboxes. */
export function readGeneral(
  document: unknown,
  context: SchemaContext,
  problems: Problem[],
): ReadGeneral {
  const found: Problem[] = [];
  const fields = readFields(generalShape, document, [], found);
  const delivery = readDelivery(fields.delivery, context, found);
  const limits = readLimits(fields.limits, found);
  const aliasMap = readAliases(fields.aliases, found);
  warnOfForeign('aliases', aliasMap.keys(), fields.domains, found);
  warnOfForeign('recipients', fields.recipients ?? [], fields.domains, found);
  problems.push(...found);
  const sound = !found.some((problem) => problem.severity === 'error');
  const general =
    sound && isComplete(fields) && delivery !== null && limits !== null
      ? {
          domains: fields.domains,
          undeliverable: fields.undeliverable,
          delivery,
          aliases: aliasMap,
          recipients: fields.recipients === null ? null : new Set(fields.recipients),
          spam: fields.spam,
          limits,
          logLevel: fields.logLevel,
        }
      : null;
  const { domains: accepted, undeliverable, mailboxes } = fields;
  return { general, mailboxes, domains: accepted, undeliverable, spam: fields.spam, delivery };
}

function readLimits(value: unknown, problems: Problem[]): Limits | null {
  const fields = readFields(limitsShape, value, ['limits'], problems);
  if (!isComplete(fields)) return null;
  const { messageBytes, messagesPerRun, bytesPerRun, messagesPerSession } = fields;
  return {
    messageBytes: messageBytes.limit,
    messagesPerRun,
    bytesPerRun: bytesPerRun.limit,
    messagesPerSession,
    runMs: fields.runSeconds * 1000,
    rememberMs: fields.rememberDays * DAY_MS,
  };
}

function readAliases(value: unknown, problems: Problem[]): ReadonlyMap<string, readonly string[]> {
  const read = new Map<string, readonly string[]>();
  const keys = isBlock(value) ? Object.keys(value) : [];
  const shape = Object.fromEntries(keys.map((key) => [key, targetList]));
  for (const [key, targets] of Object.entries(readFields(shape, value, ['aliases'], problems))) {
    const alias = parseComparedAddress(key);
    if (alias === null) {
      problems.push(wrong(['aliases', key], `${ADDRESS_FORM} on the left`, key));
      continue;
    }
    // Which of the two would hold, nobody could say.
    if (read.has(alias)) {
      problems.push(wrong(['aliases', key], 'each address once, whatever its case', key));
    }
    read.set(alias, targets ?? []);
  }
  const { ends, circle } = followAliases(read);
  if (circle !== null) {
    const expected = 'aliases that end at an address';
    const got = `a circle: ${circle.join(' → ')}`;
    problems.push({ ...wrong(['aliases', circle[0] ?? ''], expected, undefined), got });
  }
  checkEnds(ends, problems);
  return ends;
}

/** Each list by itself is short enough; those that lead on to others may come to more. */
function checkEnds(ends: ReadonlyMap<string, readonly string[]>, problems: Problem[]): void {
  for (const [alias, { length }] of ends) {
    if (length <= MAX_RECIPIENTS) continue;
    const got = `${length}, with those of the aliases among them`;
    problems.push({ ...wrong(['aliases', alias], TOO_MANY_TARGETS, undefined), got });
  }
}

/** An entry outside the accepted domains never matches: most likely a domain is missing or mistyped. */
function warnOfForeign(
  setting: string,
  addresses: Iterable<string>,
  accepted: readonly string[] | undefined,
  problems: Problem[],
): void {
  if (accepted === undefined) return;
  for (const text of addresses) {
    if (isAcceptedDomain(text.slice(text.lastIndexOf('@') + 1), accepted)) continue;
    problems.push(warning([setting], 'addresses in the accepted domains', quote(text)));
  }
}
