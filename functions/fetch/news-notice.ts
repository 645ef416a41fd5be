import type { MailboxNews } from '../../shared/ledger/mailbox-trouble.ts';
import type { Notice } from '../../shared/notice/notice.ts';
import { runbookLink } from '../../shared/notice/runbook.ts';
import type { RunbookEntry } from '../../shared/notice/runbook.ts';

/** The notice that tells this news; the same octets whenever it is made. */
export function newsNotice(mailbox: string, news: MailboxNews, to: string): Notice {
  const { kind, at } = news;
  return {
    subjectKey: `${kind}:${mailbox}:${at}`,
    to,
    at,
    subject: SUBJECTS[kind](mailbox),
    text: `${TEXTS[kind](mailbox, news).join('\n')}\n`,
    report: null,
  };
}

type Kind = MailboxNews['kind'];

const SUBJECTS: Readonly<Record<Kind, (mailbox: string) => string>> = {
  failing: (mailbox) => `Mailbox ${mailbox} cannot be fetched`,
  suspended: (mailbox) => `Mailbox ${mailbox} is suspended: its password is refused`,
  well: (mailbox) => `Mailbox ${mailbox} is fetched again`,
  silent: (mailbox) => `Mailbox ${mailbox} is silent: no mail has come for unusually long`,
  heard: (mailbox) => `Mailbox ${mailbox} has mail again`,
};

const TEXTS: Readonly<Record<Kind, (mailbox: string, news: MailboxNews) => readonly string[]>> = {
  failing: (mailbox, news) => [
    `The last ${news.failures} runs of mailbox ${mailbox} failed, the first on ${when(news.since)}.`,
    'Its mail stays at the provider meanwhile; nothing is lost.',
    '',
    ...wordsOf(news),
    '',
    'It is tried again by itself, at growing intervals of up to an hour. You will be told once when',
    'it is well again, and not before.',
    '',
    `mailferry doctor ${mailbox} looks at what may be wrong.`,
    whatToDo('mailboxFails'),
  ],
  suspended: (mailbox, news) => [
    `The provider refused user name and password of mailbox ${mailbox} several times. It is not asked`,
    'again, so that the account does not get locked. Its mail stays at the provider meanwhile.',
    '',
    ...wordsOf(news),
    '',
    'What to do, one of:',
    `- put the right password in place (mailferry mailbox edit ${mailbox} --password), or correct its`,
    '  settings: any change of them ends the suspension;',
    `- if the fault was at the provider, and is mended: mailferry mailbox test ${mailbox} ends the`,
    '  suspension when it can log in.',
    whatToDo('mailboxFails'),
  ],
  well: (mailbox, news) => [
    `Mailbox ${mailbox} is well again since ${when(news.at)}: a run succeeded.`,
    `Before that ${news.failures} runs had failed, the first on ${when(news.since)}.`,
  ],
  silent: (mailbox, { since, usualMs = 0 }) => [
    `The last mail in mailbox ${mailbox} came on ${when(since)}. Its runs succeed, and find nothing.`,
    `The longest time without mail was ${inHours(usualMs)} of late.`,
    '',
    "Perhaps nobody wrote; perhaps the domain's mail goes elsewhere, a filter at the provider takes it,",
    'or another program empties the mailbox first. You will be told once when mail comes again.',
    '',
    whatToDo('mailboxSilent'),
  ],
  heard: (mailbox, { at, since }) => [
    `Mail came in mailbox ${mailbox} on ${when(at)}, the first since ${when(since)}.`,
  ],
};

function whatToDo(entry: RunbookEntry): string {
  return `What to do: ${runbookLink(entry)}`;
}

function inHours(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  if (hours < 1) return 'less than an hour';
  return hours === 1 ? 'an hour' : `${hours} hours`;
}

function wordsOf({ error }: MailboxNews): readonly string[] {
  return error === null ? [] : ['What was said last:', `  ${error.kind}: ${error.message}`];
}

function when(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' at ')} UTC`;
}
