import type { GeneralSettings, Mailbox } from '../settings/settings.ts';
import { fieldsOfSource } from './candidates.ts';
import { ENVELOPE_FIELDS } from '../mail/envelope-fields.ts';
import { fieldsOfRules } from './rules.ts';

const ALWAYS = [
  'bcc',
  'resent-bcc',
  'return-path',
  'sender',
  'from',
  'received',
  'delivered-to',
  ...ENVELOPE_FIELDS.map((name) => name.toLowerCase()),
];

/** Names, in lower case, of all fields that a decision may look at. */
export function fieldsToRead(mailbox: Mailbox, general: GeneralSettings): ReadonlySet<string> {
  const spam = mailbox.spam ?? general.spam;
  return new Set([
    ...ALWAYS,
    ...(spam === null ? [] : [spam.header.toLowerCase()]),
    ...(mailbox.type === 'user' ? [] : mailbox.recipientSource.flatMap(fieldsOfSource)),
    ...(mailbox.type === 'user' ? [] : fieldsOfRules(mailbox.rules)),
  ]);
}
