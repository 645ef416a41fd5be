import { readAddresses } from '../mail/address-field.ts';
import { fieldValue, headerFields } from '../mail/header-block.ts';
import type { HeaderField } from '../mail/header-block.ts';
import { isAcceptedDomain } from './accepted-domains.ts';
import { ENVELOPE_FIELDS } from './envelope-fields.ts';

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

/** The fields that could name a recipient, in their order; any field with an address of ours among them. */
export function recipientLikeFields(
  header: Buffer,
  domains: readonly string[],
): readonly RecipientLikeField[] {
  const all = [...headerFields(header)];
  const total = new Map<string, number>();
  for (const { name } of all)
    total.set(name.toLowerCase(), (total.get(name.toLowerCase()) ?? 0) + 1);
  const seen = new Map<string, number>();
  return all.flatMap((field): RecipientLikeField[] => {
    const lower = field.name.toLowerCase();
    const position = (seen.get(lower) ?? 0) + 1;
    seen.set(lower, position);
    if (!isRecipientLike(lower, header, field, domains)) return [];
    return [{ name: field.name, position, of: total.get(lower) ?? position, field }];
  });
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
