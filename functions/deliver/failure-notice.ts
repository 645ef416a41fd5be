import type { MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';
import { decodedText } from '../../shared/mail/decoded-text.ts';
import { collectFields, fieldValue } from '../../shared/mail/header-block.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { dateTime } from '../../shared/mail/received.ts';
import type { Notice, ReportedRecipient } from '../../shared/notice/notice.ts';
import { explainRecipient } from './failure-report.ts';
import type { NewlyFailed } from './newly-failed.ts';

export interface FailedMessage {
  readonly key: MessageKey;
  readonly item: MessageItem;
  readonly failed: NewlyFailed;
  /** The header block as octets; empty where it could not be read. */
  readonly header: Buffer;
  readonly to: string;
  /** Further failures of this cause come together. */
  readonly isLastSingle: boolean;
}

/** Characters of a field that is quoted: enough to know the mail by. */
const QUOTED_CHARACTERS = 200;
/** Recipients named in the text; the report has all of them. */
const NAMED_RECIPIENTS = 20;
const QUOTED_FIELDS = ['From', 'To', 'Subject', 'Date'] as const;

/** One notice for one message that failed for good, or is held. Pure: the same from the same ledger item. */
export function failureNotice(message: FailedMessage): Notice {
  const { key, item, failed, header, to } = message;
  return {
    subjectKey: `failed:${formatKey(key)}:${failed.at}`,
    to,
    at: failed.at,
    subject: subjectOf(message),
    text: textOf(message),
    report: {
      arrivedAt: item.arrivedAt,
      recipients: failed.recipients.map(reported),
      header,
    },
  };
}

function subjectOf({ key, failed: { recipients } }: FailedMessage): string {
  const [first] = recipients;
  if (first === undefined) return `Mail from mailbox ${key.mailbox} is held`;
  const others = recipients.length - 1;
  return `Mail not delivered to ${first.address}${others === 0 ? '' : ` and ${others} more`}`;
}

function textOf(message: FailedMessage): string {
  const { key, item, failed, header, isLastSingle } = message;
  const name = formatKey(key);
  const isHeld = failed.recipients.length === 0;
  const lines = [
    isHeld
      ? 'A message was held: nobody was given it.'
      : 'A message could not be delivered. Whoever is not named below is not affected.',
    '',
    ...quotedFields(header, QUOTED_FIELDS),
    `  Fetched from mailbox ${key.mailbox}: ${dateTime(item.arrivedAt)}`,
    `  Envelope sender: <${item.decision?.mailFrom ?? ''}>, who is told nothing`,
    '',
    ...(isHeld ? (item.decision?.warnings ?? []) : recipientLines(failed.recipients)),
    '',
    `It is kept as it came, in Failed/${name}.eml, with the reason beside it (.json):`,
    '',
    `  mailferry failed show ${name}`,
    '',
    ...(isHeld
      ? ['To have it routed by the settings as they are now:', '']
      : ['To send it once more, when the reason is gone, to those who did not get it:', '']),
    `  mailferry failed retry ${isHeld ? '--rules current ' : ''}${name}`,
    ...(isLastSingle
      ? [
          '',
          'More of the same reason come together, in one notice for the next hours; "mailferry failed list" shows all.',
        ]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

function recipientLines(recipients: readonly RecipientState[]): string[] {
  const more = recipients.length - NAMED_RECIPIENTS;
  return [
    ...recipients.slice(0, NAMED_RECIPIENTS).map((one) => `  ${explainRecipient(one)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

/** The first of each of these fields as a person reads it, a line each. */
export function quotedFields(header: Buffer, names: readonly string[]): string[] {
  const fields = collectFields(header, new Set(names.map((name) => name.toLowerCase())));
  return names.flatMap((name) => {
    const [field] = fields.get(name.toLowerCase()) ?? [];
    if (field === undefined) return [];
    const text = decodedText(fieldValue(header, field)).slice(0, QUOTED_CHARACTERS);
    return text === '' ? [] : [`  ${name}: ${text}`];
  });
}

function reported(one: RecipientState): ReportedRecipient {
  const { address, lastReply } = one;
  if (lastReply === null) {
    return { address, status: statusOf(one), remote: null, reply: null, lastAttemptAt: null };
  }
  const { code, enhancedCode, text, host, at } = lastReply;
  // Without a code there was no reply: the text is our own (a time-out, a connection refused).
  const reply = code === null ? null : [code, enhancedCode, text].filter(isSaid).join(' ');
  return { address, status: statusOf(one), remote: host, reply, lastAttemptAt: at };
}

/** RFC 3463: the server's own for what it refused for good; 5.4.7 delivery time expired; 5.3.0 a fault on our side. */
function statusOf({ reason, lastReply }: RecipientState): string {
  if (reason === 'expired') return '5.4.7';
  if (reason === 'internal') return '5.3.0';
  const enhanced = lastReply?.enhancedCode ?? null;
  return enhanced !== null && /^5\.\d{1,3}\.\d{1,3}$/.test(enhanced) ? enhanced : '5.0.0';
}

function isSaid(part: string | number | null): boolean {
  return part !== null && part !== '';
}
