import { openMailbox } from '../../functions/fetch/open-mailbox.ts';
import { fieldValue, headerFields, splitHeader } from '../../shared/mail/header-block.ts';
import { systemClock } from '../../shared/clock.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { ListedMail, Maildrop } from '../../shared/pop3/maildrop.ts';
import { Pop3Opener } from '../../shared/pop3/opener.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { trustSystemAuthorities } from '../../infra/local/system-authorities.ts';
import { UsageError, WELL } from '../exit-status.ts';
import type { Explainer } from '../explainer.ts';
import { printJson, say } from '../output.ts';

/** Fields that tell, at one provider or another, whom a message is for. */
const CANDIDATE_FIELDS = new Set([
  'to',
  'cc',
  'apparently-to',
  'delivered-to',
  'x-original-to',
  'envelope-to',
  'x-envelope-to',
  'x-rcpt-to',
  'x-delivered-to',
  'x-real-to',
  'x-apparently-to',
  'x-gm-original-to',
  'x-mdaemon-deliver-to',
  'x-deliver-to',
  'resent-to',
  'resent-cc',
  'received',
  'list-id',
]);
/** Reading headers of a few messages takes no longer, or the server is not well. */
const TIME_MS = 120_000;

interface Explained {
  readonly number: number;
  readonly candidates: readonly { readonly header: string; readonly value: string }[];
  readonly decision: Decision;
}

/** The newest messages on the server, by TOP: nothing is fetched, nothing deleted. */
export async function explainLast(
  explainer: Explainer,
  id: string,
  last: string,
  asJson: boolean,
): Promise<number> {
  const count = Number(last);
  if (!Number.isInteger(count) || count < 1) {
    throw new UsageError(`--last: expected a number from 1, got "${last}"`);
  }
  trustSystemAuthorities(explainer.settings);
  const maildrop = await openMaildrop(explainer, id);
  const explained: Explained[] = [];
  try {
    const { mails } = await maildrop.listing();
    for (const mail of mails.slice(-count)) {
      const header = await headerOf(maildrop, mail);
      explained.push({
        number: mail.number,
        candidates: candidatesOf(header),
        decision: explainer.decide(id, header),
      });
    }
    await maildrop.quit();
  } finally {
    maildrop.abandon();
  }
  if (asJson) printJson(explained.map(asDocument));
  else for (const one of explained) sayExplained(one);
  return WELL;
}

function openMaildrop(explainer: Explainer, id: string): Promise<Maildrop> {
  const { secrets, tokens } = explainer;
  const opener = new Pop3Opener(systemClock);
  const bounds = { deadline: systemClock.now() + TIME_MS, signal: new AbortController().signal };
  return openMailbox({ secrets, tokens, opener }, explainer.mailbox(id), bounds);
}

/** Servers without TOP give the whole message. */
async function headerOf(maildrop: Maildrop, mail: ListedMail): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sink = {
    write: (chunk: Buffer) => {
      chunks.push(Buffer.from(chunk));
    },
  };
  try {
    await maildrop.top(mail.number, sink);
  } catch (error) {
    if (!(error instanceof MailRefused)) throw error;
    await maildrop.retrieve(mail.number, sink);
  }
  const octets = Buffer.concat(chunks);
  return splitHeader(octets, true)?.header ?? octets;
}

function candidatesOf(header: Buffer): Explained['candidates'] {
  return [...headerFields(header)]
    .filter((field) => CANDIDATE_FIELDS.has(field.name.toLowerCase()))
    .map((field) => ({ header: field.name, value: oneLine(fieldValue(header, field)) }));
}

function oneLine(value: Buffer): string {
  return value
    .toString('utf8')
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/\p{Cc}/gu, '?')
    .trim();
}

function asDocument({ number, candidates, decision }: Explained): unknown {
  return { number, candidates, ...explanation(decision) };
}

function sayExplained({ number, candidates, decision }: Explained): void {
  say(`message ${number}`);
  say(...candidates.map(({ header, value }) => `  ${header}: ${value}`));
  say(...explainInWords(decision).map((line) => `  ${line}`), '');
}
