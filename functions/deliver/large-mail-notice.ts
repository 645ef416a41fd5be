import type { MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { dateTime } from '../../shared/mail/received.ts';
import type { Notice } from '../../shared/notice/notice.ts';
import { quotedFields } from './failure-notice.ts';

/** Of the message (RFC 3463, X.3.4), and of what the mailbox takes (X.2.3). */
const TOO_LARGE = new Set(['5.3.4', '5.2.3']);

/** Whether the mail system, or its announced SIZE, did not take the message for its size. */
export function isTooLarge({ reason, lastReply }: RecipientState): boolean {
  return reason === 'refused' && TOO_LARGE.has(lastReply?.enhancedCode ?? '');
}

export interface LargeMail {
  readonly key: MessageKey;
  readonly item: MessageItem;
  /** Who was to get it, and gets the notice. */
  readonly recipient: RecipientState;
  /** The header block as octets; empty where it could not be read. */
  readonly header: Buffer;
  /** Octets. */
  readonly size: number;
}

/**
 * What a recipient gets in place of a message that is too large: who it is from, what about, and by which name to ask
 * for it. Pure: the same from the same ledger item.
 */
export function largeMailNotice({ key, item, recipient, header, size }: LargeMail): Notice {
  const name = formatKey(key);
  const large = inWords(size);
  const at = recipient.lastReply?.at ?? item.endedAt ?? 0;
  const text = [
    `A message of ${large} for ${recipient.address} is too large for the mail system, and was not delivered.`,
    'The sender is told nothing. This is what its header says:',
    '',
    ...quotedFields(header, ['From', 'Subject', 'Date']),
    `  Fetched: ${dateTime(item.arrivedAt)}`,
    '',
    'It is kept. Whoever looks after the mail finds it by this name:',
    '',
    `  mailferry failed show ${name}`,
    '',
  ].join('\n');
  return {
    subjectKey: `too-large:${name}:${recipient.address.toLowerCase()}:${at}`,
    to: recipient.address,
    at,
    subject: `A message of ${large} could not be delivered to you`,
    text,
    report: null,
  };
}

/** Decimal, as in the settings. */
function inWords(octets: number): string {
  const [unit, name] = octets < 1e6 ? [1e3, 'KB'] : [1e6, 'MB'];
  return `${Math.max(1, Math.round(octets / unit))} ${name}`;
}
