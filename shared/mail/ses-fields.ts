/**
 * Fields that Amazon SES takes only once in a message: a second one is refused ("Duplicate header"). From its page on
 * header fields; names in lower case, and beginnings of names.
 */
const ONCE = new Set([
  ...['accept-language', 'archived-at', 'auto-submitted', 'bounces-to', 'comments', 'date'],
  ...['delivered-to', 'dkim-signature', 'domainkey-signature', 'errors-to', 'from', 'importance'],
  ...['in-reply-to', 'keywords', 'message-context', 'message-id', 'mime-version', 'organization'],
  ...['precedence', 'priority', 'references', 'reply-to', 'return-path', 'return-receipt-to'],
  ...['sender', 'sensitivity', 'solicitation', 'subject', 'user-agent', 'vbr-info'],
  // RFC 5322 section 3.6 has these once as well.
  ...['to', 'cc', 'bcc'],
]);
const ONCE_BY_BEGINNING = [
  'content-',
  'disposition-notification-',
  'list-',
  'original-',
  'thread-',
];

/** @param name lower case */
export function standsOnce(name: string): boolean {
  return ONCE.has(name) || ONCE_BY_BEGINNING.some((beginning) => name.startsWith(beginning));
}

/**
 * Fields that SES would take for a claim about the sender, which has to be a verified identity, and signatures that the
 * new From breaks.
 */
export const SENDER_FIELDS: ReadonlySet<string> = new Set([
  ...['from', 'sender', 'return-path', 'dkim-signature', 'domainkey-signature'],
]);

/** Fields whose addresses SES reads, as it does those of Reply-To: what it cannot read there refuses the message. */
export const ADDRESS_FIELDS: ReadonlySet<string> = new Set(['to', 'cc', 'bcc']);
