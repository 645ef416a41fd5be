import { openMailbox } from '../functions/fetch/open-mailbox.ts';
import { systemClock } from '../shared/clock.ts';
import { headerEndFinder, MAX_HEADER_OCTETS } from '../shared/mail/header-block.ts';
import { MailRefused } from '../shared/pop3/maildrop.ts';
import type { ListedMail, Maildrop, MailSink } from '../shared/pop3/maildrop.ts';
import { Pop3Opener } from '../shared/pop3/opener.ts';
import type { Explainer } from './explainer.ts';

/** Reading headers of a few messages takes no longer, or the server is not well. */
const TIME_MS = 120_000;

export interface NumberedHeader {
  readonly number: number;
  /** Null when it is longer than the limit. */
  readonly header: Buffer | null;
}

/** The headers of the newest messages on the server, one at a time, oldest first: nothing is deleted. */
export async function* newestHeaders(
  explainer: Explainer,
  id: string,
  count: number,
): AsyncGenerator<NumberedHeader, void> {
  const maildrop = await openMaildrop(explainer, id);
  try {
    const { mails } = await maildrop.listing();
    for (const mail of mails.slice(-count)) {
      yield { number: mail.number, header: await headerOf(maildrop, mail) };
    }
    await maildrop.quit();
  } finally {
    maildrop.abandon();
  }
}

function openMaildrop(explainer: Explainer, id: string): Promise<Maildrop> {
  const { secrets, tokens } = explainer;
  const opener = new Pop3Opener(systemClock);
  const bounds = { deadline: systemClock.now() + TIME_MS, signal: new AbortController().signal };
  return openMailbox({ secrets, tokens, opener }, explainer.mailbox(id), bounds);
}

/** By TOP; servers without it give the whole message. */
async function headerOf(maildrop: Maildrop, mail: ListedMail): Promise<Buffer | null> {
  const byTop = new HeaderSink();
  try {
    await maildrop.top(mail.number, byTop);
    return byTop.header();
  } catch (error) {
    if (!(error instanceof MailRefused)) throw error;
  }
  const whole = new HeaderSink();
  await maildrop.retrieve(mail.number, whole);
  return whole.header();
}

/** Keeps a message's header block, and nothing behind it or beyond the limit. */
class HeaderSink implements MailSink {
  readonly #chunks: Buffer[] = [];
  readonly #findEnd = headerEndFinder();
  #octets = 0;
  #isComplete = false;

  write(chunk: Buffer): void {
    if (this.#isComplete || this.#isTooLong()) return;
    const end = this.#findEnd(chunk);
    this.#isComplete = end !== null;
    const part = chunk.subarray(0, end ?? chunk.length);
    this.#octets += part.length;
    if (this.#isTooLong()) this.#chunks.length = 0;
    else this.#chunks.push(Buffer.from(part));
  }

  header(): Buffer | null {
    return this.#isTooLong() ? null : Buffer.concat(this.#chunks);
  }

  #isTooLong(): boolean {
    return this.#octets > MAX_HEADER_OCTETS;
  }
}
