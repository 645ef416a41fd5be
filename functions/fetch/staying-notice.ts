import { NOTICES_ONE_BY_ONE, NOTICE_ENTRIES, RETRIEVAL_TRIES } from '../../shared/limits.ts';
import { decodedText } from '../../shared/mail/decoded-text.ts';
import { collectFields, fieldValue } from '../../shared/mail/header-block.ts';
import type { Notice } from '../../shared/notice/notice.ts';
import { noticeRecipient } from '../../shared/notice/notice-recipient.ts';
import { postNotice } from '../../shared/notice/post-notice.ts';
import { inGroups } from './in-groups.ts';
import type { MaildropRun } from './maildrop-run.ts';

/** A message that stays on the server, for people. */
export interface StayingMessage {
  readonly hash: string;
  readonly size: number;
  /** From the ledger, milliseconds since the epoch. */
  readonly at: number;
  /** Null: the server did not give it. */
  readonly header: Buffer | null;
  /** What the server said last; null: it was not asked. */
  readonly reply: string | null;
}

export type StayingReason = 'oversize' | 'unretrievable';

/**
 * Tells people, once, of messages that stay on the server. One notice a message; where there are many (a limit set too
 * low, a provider whose disk fails), they share notices.
 * @throws Failure `store` when a notice could not be made durable
 */
export async function tellOfStaying(
  run: MaildropRun,
  reason: StayingReason,
  messages: readonly StayingMessage[],
): Promise<void> {
  const { deps, settings, mailbox } = run;
  const to = noticeRecipient(settings, mailbox.id);
  if (to === null) return;
  const together = messages.length > NOTICES_ONE_BY_ONE ? NOTICE_ENTRIES : 1;
  for (const [first, ...others] of inGroups(messages, together)) {
    if (first === undefined) continue;
    await postNotice(deps, stayingNotice(run, reason, [first, ...others], to));
  }
}

function stayingNotice(
  run: MaildropRun,
  reason: StayingReason,
  messages: readonly [StayingMessage, ...StayingMessage[]],
  to: string,
): Notice {
  const [first] = messages;
  const { id } = run.mailbox;
  const more = messages.length === 1 ? '' : `+${messages.length - 1}`;
  const { subject, opening, advice } = WORDS[reason](run, messages);
  return {
    subjectKey: `${reason}:${id}:${first.hash}${more}`,
    to,
    at: first.at,
    subject,
    text: [...opening, '', ...messages.flatMap(entry), ...advice].join('\n'),
    report: null,
  };
}

interface Words {
  readonly subject: string;
  readonly opening: readonly string[];
  readonly advice: readonly string[];
}

type Telling = (run: MaildropRun, messages: readonly StayingMessage[]) => Words;

const WORDS: Readonly<Record<StayingReason, Telling>> = {
  oversize: ({ mailbox: { id, host }, limits }, messages) => ({
    subject: `Mailbox ${id}: ${several(messages, 'message')} too large, left at the provider`,
    opening: [
      `The mailbox ${id} at ${host} holds mail above the limit of ${inWords(limits.messageBytes ?? 0)}`,
      '(limits.messageBytes). It was not fetched, nobody got it, and it stays at the provider.',
    ],
    advice: [
      'What to do, one of:',
      '- raise limits.messageBytes: the next run fetches it;',
      '- read it at the provider, and delete it there.',
      '',
      'You are told of it once.',
    ],
  }),
  unretrievable: ({ mailbox: { id, host } }, messages) => ({
    subject: `Mailbox ${id}: ${several(messages, 'message')} that the provider does not give`,
    opening: [
      `The mailbox ${id} at ${host} holds mail that the provider did not give ${RETRIEVAL_TRIES} times in a row.`,
      'It stays at the provider; other mail is fetched as ever.',
    ],
    advice: [
      'It is tried again by itself, at growing intervals of up to a day. Until then it can be read or',
      'deleted at the provider; the provider may also want to know.',
      '',
      'You are told of it once.',
    ],
  }),
};

function several(messages: readonly StayingMessage[], word: string): string {
  return messages.length === 1 ? `a ${word}` : `${messages.length} ${word}s`;
}

const FIELDS = ['From', 'Subject', 'Date'] as const;
const FIELD_NAMES = new Set(FIELDS.map((name) => name.toLowerCase()));
/** Characters of a field that are shown. */
const SHOWN = 200;

function entry({ header, size, reply }: StayingMessage): string[] {
  const found = header === null ? null : collectFields(header, FIELD_NAMES);
  const fields = FIELDS.map((name) => {
    const field = found?.get(name.toLowerCase())?.[0];
    if (header === null || field === undefined) return `  ${name}: (not known)`;
    return `  ${name}: ${shown(decodedText(fieldValue(header, field)))}`;
  });
  const said = reply === null ? [] : [`  Last answer: ${reply}`];
  return [...fields, `  Size: ${inWords(size)}`, ...said, ''];
}

function shown(text: string): string {
  const characters = Array.from(text);
  return characters.length > SHOWN ? `${characters.slice(0, SHOWN).join('')}…` : text;
}

/** Decimal, as mail providers count. */
function inWords(octets: number): string {
  if (octets < 1e6) return `${octets} bytes`;
  return `${(octets / 1e6).toFixed(1)} MB (${octets} bytes)`;
}
