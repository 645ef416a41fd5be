import { collectFields, fieldValue, headerFields } from '../mail/header-block.ts';
import type { FieldsByName } from '../mail/header-block.ts';
import type { HeaderSource, RecipientSource } from '../settings/settings.ts';
import type { Acceptance } from './acceptance.ts';
import { fieldsOfSource, readSource } from './candidates.ts';
import { commonPrefix } from './common-prefix.ts';
import { ENVELOPE_FIELDS } from '../mail/envelope-fields.ts';
import { receivedClauses } from './received-clauses.ts';
import { recipientLikeFields } from './recipient-like-fields.ts';
import { Tally } from './tally.ts';

/** A source that would have named somebody of ours; to be looked at by a person, never used by itself. */
export interface Suggestion {
  readonly source: RecipientSource;
  /** Messages in which it names somebody. */
  readonly messages: number;
  /** Messages looked at. */
  readonly of: number;
  /** Whom, in all of them together; the first {@link SHOWN_ADDRESSES}. */
  readonly addresses: readonly string[];
}

const SHOWN_ADDRESSES = 10;

/**
 * The best source to read the envelope from, by some messages of one mailbox. Fields that the sender writes are none,
 * nor is one that names the same address each time while To and Cc name others: that is the pickup box.
 * @returns null where no field names somebody in at least half of them
 */
export function suggestSource(
  headers: readonly Buffer[],
  acceptance: Acceptance,
): Suggestion | null {
  const sources = [...headerSources(headers, acceptance), ...receivedSources(headers)];
  const visible = whom(headers, { kind: 'to' }, acceptance).flat();
  const judged = sources
    .map((source) => ({ source, found: whom(headers, source, acceptance) }))
    .filter(({ found }) => !isPickupBox(found, visible))
    .map(({ source, found }) => ({ source, found, messages: found.filter(isFilled).length }))
    // The order of the candidates decides where two do as well.
    .toSorted((one, other) => other.messages - one.messages);
  const [best] = judged;
  if (best === undefined || best.messages * 2 < headers.length) return null;
  const source = withPrefix(best.source, best.found.flat(), visible);
  const found = source === best.source ? best.found : whom(headers, source, acceptance);
  const addresses = [...new Set(found.flat())].slice(0, SHOWN_ADDRESSES);
  return { source, messages: best.messages, of: headers.length, addresses };
}

function withPrefix(
  source: RecipientSource,
  found: readonly string[],
  visible: readonly string[],
): RecipientSource {
  if (source.kind !== 'header') return source;
  const prefix = commonPrefix(found, visible);
  return prefix === null ? source : { ...source, prefix };
}

/** Those in mail of more than one message that say always the same, which nobody wrote to. */
function isPickupBox(found: readonly (readonly string[])[], visible: readonly string[]): boolean {
  const [only, ...others] = [...new Set(found.flat())];
  if (only === undefined || others.length > 0 || found.filter(isFilled).length < 2) return false;
  return visible.length > 0 && !visible.includes(only);
}

function isFilled(list: readonly string[]): boolean {
  return list.length > 0;
}

/** Whom a source names in each message, in lower case. */
function whom(
  headers: readonly Buffer[],
  source: RecipientSource,
  acceptance: Acceptance,
): readonly (readonly string[])[] {
  const names = new Set(fieldsOfSource(source));
  return headers.map((header) => {
    const { candidates } = readSource(source, header, collectFields(header, names));
    return new Tally(acceptance).judge(candidates).map(({ address }) => address.toLowerCase());
  });
}

/** What the sender wrote, or another server on the way. */
const NO_ENVELOPE = new Set([
  ...['to', 'cc', 'resent-to', 'resent-cc', 'received', 'list-id', 'x-forwarded-to'],
]);

/** Known ones before others, X-Original-To before Delivered-To, which names the box more often. */
function headerSources(
  headers: readonly Buffer[],
  { domains }: Acceptance,
): readonly RecipientSource[] {
  const names = frequentNames(headers, domains);
  const known = [...ENVELOPE_FIELDS.map((name) => name.toLowerCase()), 'delivered-to'];
  return [...names]
    .toSorted(([one], [other]) => rankOf(known, one) - rankOf(known, other))
    .map(([lower, name]) =>
      headerSource(name, headers.some((header) => standsAtEnd(header, lower)) ? -1 : 1),
    );
}

/** As written, by their lower case. What stands in less than half of the messages is nothing to suggest, nor to read. */
function frequentNames(
  headers: readonly Buffer[],
  domains: readonly string[],
): ReadonlyMap<string, string> {
  const names = new Map<string, { readonly written: string; readonly messages: number }>();
  for (const header of headers) {
    const { fields } = recipientLikeFields(header, domains);
    const inThis = new Map(fields.map(({ name }) => [name.toLowerCase(), name]));
    for (const [lower, name] of inThis) {
      if (NO_ENVELOPE.has(lower)) continue;
      const { written, messages } = names.get(lower) ?? { written: name, messages: 0 };
      names.set(lower, { written, messages: messages + 1 });
    }
  }
  const frequent = [...names].filter(([, { messages }]) => messages * 2 >= headers.length);
  return new Map(frequent.map(([lower, { written }]) => [lower, written]));
}

function rankOf(known: readonly string[], lower: string): number {
  const rank = known.indexOf(lower);
  return rank === -1 ? known.length : rank;
}

function headerSource(header: string, position: 1 | -1): HeaderSource {
  return { kind: 'header', header, position, prefix: null, by: null };
}

/** Below From, the provider has put it at the end: there the last is his, and one above may be forged. */
function standsAtEnd(header: Buffer, lower: string): boolean {
  let from = false;
  for (const { name } of headerFields(header)) {
    const field = name.toLowerCase();
    if (field === 'from') from = true;
    if (field === lower) return from;
  }
  return false;
}

/** The host of the topmost Received with a recipient, as far as it is the same in all messages: the provider's own. */
function receivedSources(headers: readonly Buffer[]): readonly RecipientSource[] {
  const hosts = headers.flatMap((header) => topmostHost(header, collectFields(header, RECEIVED)));
  const by = commonEnd(hosts);
  return by === null ? [] : [{ kind: 'received', by }];
}

const RECEIVED = new Set(['received']);
const HOST = /^(?:[a-z0-9_-]+\.)+[a-z0-9-]*[a-z][a-z0-9-]*$/;

/** Below the first host of another domain stands what the sender's servers wrote; they know the recipient as well. */
function topmostHost(header: Buffer, fields: FieldsByName): readonly string[] {
  let provider: string | null = null;
  for (const field of fields.get('received') ?? []) {
    const { by, recipients } = receivedClauses(fieldValue(header, field));
    const host = by?.toLowerCase().replace(/\.$/, '') ?? '';
    if (!HOST.test(host)) continue;
    provider ??= domainOf(host);
    if (domainOf(host) !== provider) return [];
    if (recipients.length === 1) return [host];
  }
  return [];
}

/** Registries that give names out below a second label: `co.uk`, `com.au`. */
const SHARED_END = /^(?:ac|co|com|edu|gob|gov|gv|ne|net|nom|or|org)\.[a-z]{2}$/;

/** What one owner has of a host's name, as far as that can be told without a list. */
function domainOf(host: string): string {
  const labels = host.split('.');
  const end = labels.slice(-2).join('.');
  return SHARED_END.test(end) ? labels.slice(-3).join('.') : end;
}

/** Of `mx1.provider.example` and `mx2.provider.example` `provider.example`; null where less is left than one owner has. */
function commonEnd(hosts: readonly string[]): string | null {
  const [first, ...others] = hosts.map((host) => host.split('.').toReversed());
  if (first === undefined) return null;
  let length = first.length;
  for (const labels of others) {
    const differs = first.findIndex((label, index) => labels[index] !== label);
    if (differs !== -1) length = Math.min(length, differs);
  }
  const end = first.slice(0, length).toReversed().join('.');
  return length < 2 || SHARED_END.test(end) ? null : end;
}
