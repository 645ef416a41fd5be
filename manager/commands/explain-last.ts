import { openMailbox } from '../../functions/fetch/open-mailbox.ts';
import { systemClock } from '../../shared/clock.ts';
import { fieldValue, splitHeader } from '../../shared/mail/header-block.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { ListedMail, Maildrop } from '../../shared/pop3/maildrop.ts';
import { Pop3Opener } from '../../shared/pop3/opener.ts';
import type { Decision } from '../../shared/routing/decision.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { recipientLikeFields } from '../../shared/routing/recipient-like-fields.ts';
import { suggestSource } from '../../shared/routing/suggest-source.ts';
import type { Suggestion } from '../../shared/routing/suggest-source.ts';
import { trustSystemAuthorities } from '../../infra/local/system-authorities.ts';
import { UsageError, WELL } from '../exit-status.ts';
import type { Explainer } from '../explainer.ts';
import { printJson, say } from '../output.ts';
import { suggestionDocument, suggestionInWords } from '../suggestion.ts';

/** Reading headers of a few messages takes no longer, or the server is not well. */
const TIME_MS = 120_000;

interface Explained {
  readonly number: number;
  readonly candidates: readonly Candidate[];
  readonly decision: Decision;
}

/** A field that could name a recipient; `position` of `of` among those of its name, from 1. */
interface Candidate {
  readonly header: string;
  readonly value: string;
  readonly position: number;
  readonly of: number;
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
  const headers = await newestHeaders(explainer, id, count);
  const explained = headers.map(({ number, header }) => ({
    number,
    candidates: candidatesOf(header, explainer.settings.general.domains),
    decision: explainer.decide(id, header),
  }));
  const suggestion = suggestionFor(
    explainer,
    id,
    headers.map(({ header }) => header),
  );
  if (asJson) {
    const shared = { suggestion: suggestion === null ? null : suggestionDocument(suggestion) };
    printJson(explained.map((one) => ({ ...asDocument(one), ...shared })));
  } else {
    for (const one of explained) sayExplained(one);
  }
  say(...suggestionInWords(suggestion, explainer.mailbox(id), headers.length));
  return WELL;
}

interface NumberedHeader {
  readonly number: number;
  readonly header: Buffer;
}

async function newestHeaders(
  explainer: Explainer,
  id: string,
  count: number,
): Promise<readonly NumberedHeader[]> {
  const maildrop = await openMaildrop(explainer, id);
  const headers: NumberedHeader[] = [];
  try {
    const { mails } = await maildrop.listing();
    for (const mail of mails.slice(-count)) {
      headers.push({ number: mail.number, header: await headerOf(maildrop, mail) });
    }
    await maildrop.quit();
  } finally {
    maildrop.abandon();
  }
  return headers;
}

/** By the configuration as it is, but for the pickup box, which is nobody whether it is listed as such or not. */
function suggestionFor(
  explainer: Explainer,
  id: string,
  headers: readonly Buffer[],
): Suggestion | null {
  const mailbox = explainer.mailbox(id);
  if (mailbox.type === 'user' || headers.length === 0) return null;
  const ignore = new Set([...mailbox.ignore, mailbox.username.toLowerCase()]);
  const { general } = explainer.settings;
  return suggestSource(headers, { ...general, ignore, loopAddress: null });
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

function candidatesOf(header: Buffer, domains: readonly string[]): readonly Candidate[] {
  return recipientLikeFields(header, domains).map(({ name, position, of, field }) => ({
    header: name,
    value: oneLine(fieldValue(header, field)),
    position,
    of,
  }));
}

function oneLine(value: Buffer): string {
  return value
    .toString('utf8')
    .replaceAll(/\s+/gu, ' ')
    .replaceAll(/\p{Cc}/gu, '?')
    .trim();
}

function asDocument({ number, candidates, decision }: Explained): object {
  return { number, candidates, ...explanation(decision) };
}

function sayExplained({ number, candidates, decision }: Explained): void {
  say(`message ${number}`);
  say(
    ...candidates.map(({ header, value, position, of }) =>
      of === 1 ? `  ${header}: ${value}` : `  ${header} (${position} of ${of}): ${value}`,
    ),
  );
  say(...explainInWords(decision).map((line) => `  ${line}`), '');
}
