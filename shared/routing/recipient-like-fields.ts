import { readAddresses } from '../mail/address-field.ts';
import { fieldValue, headerFields } from '../mail/header-block.ts';
import type { HeaderField } from '../mail/header-block.ts';
import { isAcceptedDomain } from './accepted-domains.ts';
import { ENVELOPE_FIELDS } from '../mail/envelope-fields.ts';

/** A field that tells, at one provider or another, whom a message is for. */
export interface RecipientLikeField {
  /** As written. */
  readonly name: string;
  /** From 1, among those of its name. */
  readonly position: number;
  /** How many of its name there are. */
  readonly of: number;
  readonly field: HeaderField;
}

/** Always shown: those that a source may read, and what rules are made of. */
const SHOWN = new Set(
  [
    ...[
      'To',
      'Cc',
      'Resent-To',
      'Resent-Cc',
      'Delivered-To',
      'Received',
      'List-Id',
      'X-Forwarded-To',
    ],
    ...ENVELOPE_FIELDS,
  ].map((name) => name.toLowerCase()),
);
/** Names that providers of one's own make up look like this. */
const LIKE_A_RECIPIENT = /(?:^|-)(?:to|rcpt|recipient|envelope|for)$/;
/** Hold addresses of ours now and then, and never say who gets a message. */
const OTHERS =
  /^(?:from|sender|reply-to|return-path|errors-to|message-id|references|in-reply-to|subject|dkim-.*|domainkey-.*|arc-.*|authentication-results|received-spf|list-.*|disposition-notification-to|x-mailferry-.*|x-google-.*)$/;
const MAX_OCTETS = 4 * 1024;
/** So many from the top and so many from the end, where providers write; honest mail has less in all. */
const SHOWN_AT_EACH_END = 100;

export interface RecipientLikeFields {
  readonly fields: readonly RecipientLikeField[];
  /** Between the first and the last, not among `fields`. */
  readonly leftOut: number;
}

/** The fields that could name a recipient, in their order; any field with an address of ours among them. */
export function recipientLikeFields(
  header: Buffer,
  domains: readonly string[],
): RecipientLikeFields {
  const first: HeaderField[] = [];
  const last: HeaderField[] = [];
  let leftOut = 0;
  for (const field of headerFields(header)) {
    if (!isRecipientLike(field.name.toLowerCase(), header, field, domains)) continue;
    if (first.length < SHOWN_AT_EACH_END) first.push(field);
    else if (last.push(field) > SHOWN_AT_EACH_END) {
      last.shift();
      leftOut += 1;
    }
  }
  return { fields: counted(header, [...first, ...last]), leftOut };
}

/** Each with its place among all of its name. */
function counted(header: Buffer, chosen: readonly HeaderField[]): readonly RecipientLikeField[] {
  const counts = new Map(chosen.map(({ name }) => [name.toLowerCase(), 0]));
  const positions = new Map(chosen.map(({ start }) => [start, 0]));
  for (const { name, start } of headerFields(header)) {
    const lower = name.toLowerCase();
    const before = counts.get(lower);
    if (before === undefined) continue;
    counts.set(lower, before + 1);
    if (positions.has(start)) positions.set(start, before + 1);
  }
  return chosen.map((field) => ({
    name: field.name,
    position: positions.get(field.start) ?? 0,
    of: counts.get(field.name.toLowerCase()) ?? 0,
    field,
  }));
}

function isRecipientLike(
  lower: string,
  header: Buffer,
  field: HeaderField,
  domains: readonly string[],
): boolean {
  if (SHOWN.has(lower)) return true;
  if (OTHERS.test(lower)) return false;
  const value = fieldValue(header, field);
  if (value.length > MAX_OCTETS || !value.includes('@')) return false;
  if (LIKE_A_RECIPIENT.test(lower)) return true;
  return readAddresses(value).some(
    (entry) => entry.kind === 'address' && isAcceptedDomain(entry.address.domain, domains),
  );
}
