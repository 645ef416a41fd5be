import { Failure } from '../../shared/failure.ts';
import { CONFIRM_MESSAGES, OUTGROWN_FACTOR, OUTGROWN_OCTETS } from '../../shared/limits.ts';
import type { ListedMail, Maildrop, MailSink } from '../../shared/pop3/maildrop.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { Spool } from '../../shared/store/spool.ts';
import { discard } from './retrieved-stretch.ts';
import type { Retrieved } from './retrieved-stretch.ts';

export interface RetrievalWindow {
  /** RETR commands under way at once. */
  readonly messages: number;
  /** Octets under way at once, by LIST; one message always goes, however large. */
  readonly octets: number;
  /** Octets that may have come and not been taken, whatever LIST said; absent: twice as many as may be under way. */
  readonly held?: number;
}

export interface RetrievalOptions {
  readonly newSpool: () => Spool;
  readonly window: RetrievalWindow;
  /** Asked once right before each RETR: false ends the retrieval after those under way, unless it changes its mind. */
  readonly mayBegin: () => boolean;
  /** A message may outgrow this a little, since LIST was an estimate, and no more; null: no limit is set. */
  readonly messageBytes: number | null;
}

/** The answers so far are in step with the commands. */
export const IN_STEP = Symbol('in step');
/** The server refuses to say so. */
export const UNSAID = Symbol('unsaid');

type Answer<Mail extends ListedMail> = Retrieved<Mail> | typeof IN_STEP | typeof UNSAID;

interface UnderWay<Mail extends ListedMail> {
  /** Null: a question between messages. */
  readonly mail: Mail | null;
  /** By LIST. */
  readonly size: number;
  readonly answered: Promise<Answer<Mail>>;
  /** Octets that came. */
  octets: number;
  /** Lets the message go on that was held back until it is the first. */
  proceed: () => void;
}

/** Messages and the questions between them on their way, in the order of their commands. */
export class RetrievalLine<Mail extends ListedMail> {
  readonly #maildrop: Maildrop;
  readonly #mails: readonly Mail[];
  readonly #options: RetrievalOptions;
  readonly #underWay: UnderWay<Mail>[] = [];
  #listedOctets = 0;
  #begun = 0;
  /** Begun since the last question. */
  #since = { messages: 0, octets: 0 };
  /** Octets of whole messages in memory. */
  #heldOctets = 0;

  constructor(maildrop: Maildrop, mails: readonly Mail[], options: RetrievalOptions) {
    this.#maildrop = maildrop;
    this.#mails = mails;
    this.#options = options;
  }

  get #mostHeld(): number {
    const { octets, held } = this.#options.window;
    return held ?? 2 * octets;
  }

  /** The message whose answer is due; null where it is that of a question. */
  get firstMail(): Mail | null {
    return this.#underWay[0]?.mail ?? null;
  }

  /** The next message on its way: a server may be at it while answers before it have not left yet. */
  get nextMail(): Mail | null {
    return this.#underWay.find(({ mail }) => mail !== null)?.mail ?? null;
  }

  /** The next answer; null when there is no more, and what was said of the last is said. */
  async next(): Promise<Answer<Mail> | null> {
    this.#beginMore();
    if (this.#underWay.length === 0 && this.#since.messages > 0) this.#confirm();
    const first = this.#underWay[0];
    if (first === undefined) return null;
    const answer = await first.answered;
    this.#underWay.shift();
    this.#listedOctets -= first.size;
    this.#underWay[0]?.proceed();
    return answer;
  }

  /** The caller has it from here on. */
  release({ result }: Retrieved<Mail>): void {
    if (!(result instanceof MailRefused) && result.file === null) this.#heldOctets -= result.size;
  }

  throwAway(): void {
    for (const { answered } of this.#underWay) {
      void answered.then(
        (answer) => (answer === IN_STEP || answer === UNSAID ? undefined : discard(answer)),
        () => undefined,
      );
    }
  }

  #beginMore(): void {
    for (;;) {
      const mail = this.#mails[this.#begun];
      if (mail === undefined || !this.#hasRoom(mail) || !this.#options.mayBegin()) break;
      this.#begin(mail);
      const { messages, octets } = this.#since;
      const { window } = this.#options;
      const isEnough =
        messages >= Math.min(CONFIRM_MESSAGES, window.messages) || octets >= window.octets / 2;
      // Right behind the last RETR as well: there it costs no round trip of its own.
      if (isEnough || this.#begun === this.#mails.length) this.#confirm();
    }
  }

  #confirm(): void {
    this.#since = { messages: 0, octets: 0 };
    const answered = this.#maildrop.confirm().then((isSaid) => (isSaid ? IN_STEP : UNSAID));
    answered.catch(() => undefined);
    this.#underWay.push({ mail: null, size: 0, octets: 0, answered, proceed: () => undefined });
  }

  #hasRoom(mail: Mail): boolean {
    const { messages, octets } = this.#options.window;
    if (this.#underWay.length === 0) return true;
    return this.#underWay.length < messages && this.#listedOctets + mail.size <= octets;
  }

  #begin(mail: Mail): void {
    const spool = this.#options.newSpool();
    const held = Promise.withResolvers<undefined>();
    const one: UnderWay<Mail> = {
      mail,
      size: mail.size,
      octets: 0,
      proceed: () => {
        held.resolve(undefined);
      },
      answered: this.#retrieve(mail, spool, {
        write: (chunk) => {
          one.octets += chunk.length;
          this.#checkGrowth(mail, one.octets);
          const wait = spool.write(chunk);
          return this.#mustWait(one) ? held.promise.then(() => wait) : wait;
        },
      }),
    };
    // Awaited in order; a rejection of a later one must not count as unhandled meanwhile.
    one.answered.catch(() => undefined);
    this.#underWay.push(one);
    this.#listedOctets += mail.size;
    this.#begun += 1;
    this.#since.messages += 1;
    this.#since.octets += mail.size;
  }

  async #retrieve(mail: Mail, spool: Spool, sink: MailSink): Promise<Retrieved<Mail>> {
    try {
      await this.#maildrop.retrieve(mail.number, sink);
      // Whole messages wait for the answer to the next question: in memory, where LIST had said how large they are.
      const message = await spool.end(this.#heldOctets > this.#mostHeld);
      if (message.file === null) this.#heldOctets += message.size;
      return { mail, result: message };
    } catch (error) {
      await spool.abort();
      if (error instanceof MailRefused) return { mail, result: error };
      throw error;
    }
  }

  /** By what really came, since LIST may lie: only the first in line may fill more than may be held. */
  #mustWait(one: UnderWay<Mail>): boolean {
    if (this.#underWay[0] === one) return false;
    const octets = this.#underWay.reduce((sum, each) => sum + each.octets, 0);
    return octets > this.#mostHeld;
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
