import { Failure } from '../../shared/failure.ts';
import { OUTGROWN_FACTOR, OUTGROWN_OCTETS } from '../../shared/limits.ts';
import type { ListedMail, Maildrop, MailSink } from '../../shared/pop3/maildrop.ts';
import { FramingLost, MailRefused } from '../../shared/pop3/maildrop.ts';
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
  /** A message may outgrow this a little, since LIST was an estimate, and no more; null: no limit is set. */
  readonly messageBytes: number | null;
}

export interface Retrieved {
  readonly mail: ListedMail;
  /** The whole message, or why the server would not give it. */
  readonly result: SpooledMessage | MailRefused;
}

/**
 * Retrieves messages in order, several RETR on the way at once, since a round trip a message would bound the speed
 * of a long line. Asks for more only as the caller takes what came: that is the back-pressure of the store.
 *
 * A message is given only once the answer behind it began as one should: where a server does not stuff dots, the
 * message ends too soon, and what is left of it comes in that place. The last one is confirmed by a NOOP.
 * When the caller stops early, or the session breaks, what is spooled and not taken is thrown away: it is still on
 * the server.
 */
export async function* retrieveInOrder(
  maildrop: Maildrop,
  mails: readonly ListedMail[],
  options: RetrievalOptions,
): AsyncGenerator<Retrieved> {
  const line = new RetrievalLine(maildrop, mails, options);
  let unconfirmed: Retrieved | null = null;
  try {
    for (let more = true; more;) {
      let next: Retrieved | null;
      try {
        next = await line.next();
      } catch (error) {
        if (unconfirmed !== null) yield await judged(unconfirmed, error);
        unconfirmed = null;
        throw error;
      }
      const confirmed = unconfirmed;
      const isRefused = next?.result instanceof MailRefused;
      unconfirmed = isRefused ? null : next;
      if (confirmed !== null) yield confirmed;
      // An -ERR needs no confirmation, and may let the caller begin another.
      if (isRefused && next !== null) yield next;
      more = next !== null;
    }
  } finally {
    if (unconfirmed !== null) await discard(unconfirmed);
    line.throwAway();
  }
}

/** What a session's end says of the message before it. */
async function judged(retrieved: Retrieved, error: unknown): Promise<Retrieved> {
  if (!(error instanceof FramingLost) || retrieved.result instanceof MailRefused) return retrieved;
  await discard(retrieved);
  const { mail } = retrieved;
  return {
    mail,
    result: new MailRefused(`message ${mail.number} may be cut short: ${error.message}`),
  };
}

interface UnderWay {
  readonly size: number;
  readonly retrieved: Promise<Retrieved>;
  /** Octets that came. */
  octets: number;
  /** Lets the message go on that was held back until it is the first. */
  proceed: () => void;
}

/** Messages on their way, in the order of their commands. */
class RetrievalLine {
  readonly #maildrop: Maildrop;
  readonly #mails: readonly ListedMail[];
  readonly #options: RetrievalOptions;
  readonly #underWay: UnderWay[] = [];
  #listedOctets = 0;
  #begun = 0;
  #confirmation: Promise<void> | null = null;

  constructor(maildrop: Maildrop, mails: readonly ListedMail[], options: RetrievalOptions) {
    this.#maildrop = maildrop;
    this.#mails = mails;
    this.#options = options;
  }

  /** The next message; null when there is no more, and the last has been confirmed. */
  async next(): Promise<Retrieved | null> {
    this.#beginMore();
    const first = this.#underWay[0];
    if (first === undefined) {
      if (this.#begun > 0) await (this.#confirmation ??= this.#maildrop.confirm());
      return null;
    }
    const retrieved = await first.retrieved;
    this.#underWay.shift();
    this.#listedOctets -= first.size;
    this.#underWay[0]?.proceed();
    return retrieved;
  }

  throwAway(): void {
    for (const { retrieved } of this.#underWay) void retrieved.then(discard, () => undefined);
  }

  #beginMore(): void {
    for (;;) {
      const mail = this.#mails[this.#begun];
      if (mail === undefined || !this.#hasRoom(mail) || !this.#options.mayBegin()) break;
      this.#begin(mail);
    }
    // Right behind the last RETR, so that it costs no round trip of its own.
    if (this.#begun === this.#mails.length && this.#begun > 0) {
      this.#confirmation ??= this.#maildrop.confirm();
    }
  }

  #hasRoom(mail: ListedMail): boolean {
    const { messages, octets } = this.#options.window;
    if (this.#underWay.length === 0) return true;
    return this.#underWay.length < messages && this.#listedOctets + mail.size <= octets;
  }

  #begin(mail: ListedMail): void {
    const spool = this.#options.newSpool();
    const held = Promise.withResolvers<undefined>();
    const one: UnderWay = {
      size: mail.size,
      octets: 0,
      proceed: () => {
        held.resolve(undefined);
      },
      retrieved: retrieveOne(this.#maildrop, mail, spool, {
        write: (chunk) => {
          one.octets += chunk.length;
          this.#checkGrowth(mail, one.octets);
          const wait = spool.write(chunk);
          return this.#mustWait(one) ? held.promise.then(() => wait) : wait;
        },
      }),
    };
    // Awaited in order; a rejection of a later one must not count as unhandled meanwhile.
    one.retrieved.catch(() => undefined);
    this.#underWay.push(one);
    this.#listedOctets += mail.size;
    this.#begun += 1;
  }

  /** By what really came, since LIST may lie: only the first in line may fill more than twice the window. */
  #mustWait(one: UnderWay): boolean {
    if (this.#underWay[0] === one) return false;
    const octets = this.#underWay.reduce((sum, each) => sum + each.octets, 0);
    return octets > 2 * this.#options.window.octets;
  }

  /** An answer without an end must not fill the disk, nor a message come by LIST's word that is too large by far. */
  #checkGrowth({ number, size }: ListedMail, octets: number): void {
    const most = (this.#options.messageBytes ?? OUTGROWN_OCTETS) * OUTGROWN_FACTOR;
    if (octets <= most) return;
    throw new Failure(
      'protocol',
      'temporary',
      `message ${number}: expected ${size} octets as listed, got more than ${Math.floor(most)}`,
    );
  }
}

async function retrieveOne(
  maildrop: Maildrop,
  mail: ListedMail,
  spool: Spool,
  sink: MailSink,
): Promise<Retrieved> {
  try {
    await maildrop.retrieve(mail.number, sink);
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
