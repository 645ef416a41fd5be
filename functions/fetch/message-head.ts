import { HEAD_OCTETS, RETRIEVAL_WINDOW } from '../../shared/limits.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { ListedMail, Maildrop, MailSink } from '../../shared/pop3/maildrop.ts';
import { MessageDigests } from '../../shared/store/message-digests.ts';
import { BrokeOffAt } from './broke-off.ts';

/** The header block of a message that was not retrieved, by `TOP n 0`. */
export interface MessageHead {
  /** To be compared with the digest that a retrieved message's header block has. */
  readonly digest: string;
  /** As much of it as people need to see. */
  readonly header: Buffer;
}

/**
 * Reads header blocks in order, several TOP under way at once.
 * @param mayBegin asked before each: false ends it after those under way
 * @returns null for a message whose header block the server would not give
 * @throws BrokeOffAt naming the message whose answer was due
 */
export async function* readHeads<Mail extends ListedMail>(
  maildrop: Maildrop,
  mails: readonly Mail[],
  mayBegin: () => boolean,
): AsyncGenerator<{ readonly mail: Mail; readonly head: MessageHead | null }> {
  const underWay: { mail: Mail; reading: Promise<MessageHead | null> }[] = [];
  const rest = mails.values();
  const begin = (): boolean => {
    if (!mayBegin()) return false;
    const { value: mail, done } = rest.next();
    if (done === true) return false;
    const reading = readHead(maildrop, mail);
    reading.catch(() => undefined);
    underWay.push({ mail, reading });
    return true;
  };
  for (;;) {
    while (underWay.length < RETRIEVAL_WINDOW.messages && begin());
    const first = underWay.shift();
    if (first === undefined) return;
    let head: MessageHead | null;
    try {
      head = await first.reading;
    } catch (error) {
      throw new BrokeOffAt(first.mail, error);
    }
    yield { mail: first.mail, head };
  }
}

async function readHead(maildrop: Maildrop, { number }: ListedMail): Promise<MessageHead | null> {
  const sink = new HeadSink();
  try {
    await maildrop.top(number, sink);
  } catch (error) {
    if (error instanceof MailRefused) return null;
    throw error;
  }
  return sink.head();
}

class HeadSink implements MailSink {
  readonly #digests = new MessageDigests();
  readonly #kept: Buffer[] = [];
  #octets = 0;

  write(chunk: Buffer): void {
    this.#digests.update(chunk);
    // A copy: the octets belong to the connection, which goes on with its buffer.
    const room = Math.max(0, HEAD_OCTETS - this.#octets);
    if (room > 0) this.#kept.push(Buffer.from(chunk.subarray(0, room)));
    this.#octets += chunk.length;
  }

  /** Null: no octet came, as from a server whose file is gone. */
  head(): MessageHead | null {
    if (this.#octets === 0) return null;
    return { digest: this.#digests.finish().headerDigest, header: Buffer.concat(this.#kept) };
  }
}
