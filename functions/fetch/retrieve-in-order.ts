import type { ListedMail, Maildrop } from '../../shared/pop3/maildrop.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { Spool, SpooledMessage } from '../../shared/store/spool.ts';

export interface RetrievalWindow {
  /** RETR commands under way at once. */
  readonly messages: number;
  /** Octets under way at once, by LIST; one message always goes, however large. */
  readonly octets: number;
}

export interface RetrievalOptions {
  readonly newSpool: () => Spool;
  readonly window: RetrievalWindow;
  /** Asked once right before each RETR: false ends the retrieval after those under way, unless it changes its mind. */
  readonly mayBegin: () => boolean;
}

export interface Retrieved {
  readonly mail: ListedMail;
  /** The whole message, or why the server would not give it. */
  readonly result: SpooledMessage | MailRefused;
}

/**
 * Retrieves messages in order, several RETR on the way at once, since a round trip a message would bound the speed
 * of a long line. Asks for more only as the caller takes what came: that is the back-pressure of the store.
 * When the caller stops early, or the session breaks, what is spooled and not taken is thrown away: it is still on
 * the server.
 */
export async function* retrieveInOrder(
  maildrop: Maildrop,
  mails: readonly ListedMail[],
  { newSpool, window, mayBegin }: RetrievalOptions,
): AsyncGenerator<Retrieved> {
  const underWay: { size: number; retrieved: Promise<Retrieved> }[] = [];
  let octets = 0;
  let next = 0;
  const hasRoom = (mail: ListedMail): boolean =>
    underWay.length === 0 ||
    (underWay.length < window.messages && octets + mail.size <= window.octets);
  try {
    for (;;) {
      let mail = mails[next];
      while (mail !== undefined && hasRoom(mail) && mayBegin()) {
        const retrieved = retrieveOne(maildrop, mail, newSpool());
        // Awaited in order below; a rejection of a later one must not count as unhandled meanwhile.
        retrieved.catch(() => undefined);
        underWay.push({ size: mail.size, retrieved });
        octets += mail.size;
        next += 1;
        mail = mails[next];
      }
      const first = underWay[0];
      if (first === undefined) return;
      const retrieved = await first.retrieved;
      underWay.shift();
      octets -= first.size;
      yield retrieved;
    }
  } finally {
    for (const { retrieved } of underWay) void retrieved.then(discard, () => undefined);
  }
}

async function retrieveOne(maildrop: Maildrop, mail: ListedMail, spool: Spool): Promise<Retrieved> {
  try {
    await maildrop.retrieve(mail.number, spool);
    return { mail, result: await spool.end() };
  } catch (error) {
    await spool.abort();
    if (error instanceof MailRefused) return { mail, result: error };
    throw error;
  }
}

async function discard({ result }: Retrieved): Promise<void> {
  if (!(result instanceof MailRefused)) await result.discard();
}
