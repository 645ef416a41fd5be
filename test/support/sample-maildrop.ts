import { Failure } from '../../shared/failure.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { Listing, Maildrop, MailSink, MessageNumber } from '../../shared/pop3/maildrop.ts';

/** A mail at the provider. */
export interface ProviderMail {
  readonly content: Buffer;
  uidl: string;
}

/** How a provider misbehaves. */
export interface ProviderFaults {
  readonly noUidl?: boolean;
  readonly noTop?: boolean;
  /** Every DELE is refused. */
  readonly noDele?: boolean;
  /** DELE and QUIT are answered by +OK, and nothing is deleted. */
  readonly keepsDeleted?: boolean;
  /** RETR and TOP of these are refused. */
  readonly refused?: ReadonlySet<Buffer>;
  /** RETR of these ends the session. */
  readonly killers?: ReadonlySet<Buffer>;
  /** The session ends at that command, counted from 1. */
  readonly endsAt?: number;
  /** QUIT is not answered: before the marked messages are deleted, or after. */
  readonly quit?: 'before' | 'after';
  readonly loginDelayMs?: number;
}

/** A provider's one maildrop, at the port: no network, so that thousands of sessions take no time. */
export class SampleProvider {
  readonly mails: ProviderMail[] = [];
  readonly deleted: ProviderMail[] = [];
  readonly commands: string[] = [];
  sessions = 0;
  faults: ProviderFaults = {};
  /** Called at each command, before it is answered. */
  onCommand: () => void = () => undefined;
  /** Asked right before a message that was marked is deleted. */
  onDelete: (mail: ProviderMail) => void = () => undefined;

  open(): Promise<Maildrop> {
    this.sessions += 1;
    return Promise.resolve(marking(new SampleSession(this)));
  }

  count(verb: string): number {
    return this.commands.filter((line) => line.startsWith(verb)).length;
  }
}

/** As a session of the adapter does: a rejection that nobody awaits yet is not unhandled. */
function marking(session: Maildrop): Maildrop {
  return new Proxy(session, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...words: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, words);
        if (answer instanceof Promise) answer.catch(() => undefined);
        return answer;
      };
    },
  });
}

class SampleSession implements Maildrop {
  readonly loginDelayMs: number | null;
  readonly #provider: SampleProvider;
  readonly #mails: readonly ProviderMail[];
  readonly #marked = new Set<ProviderMail>();
  #commands = 0;
  #isDead = false;

  constructor(provider: SampleProvider) {
    this.#provider = provider;
    this.#mails = [...provider.mails];
    this.loginDelayMs = provider.faults.loginDelayMs ?? null;
  }

  async listing(): Promise<Listing> {
    await this.#command('LIST');
    const hasUidl = this.#provider.faults.noUidl !== true;
    const mails = this.#mails.map(({ content, uidl }, at) => ({
      number: (at + 1) as MessageNumber,
      size: content.length,
      uidl: hasUidl ? uidl : null,
    }));
    return { mails, hasUidl, unreadable: 0 };
  }

  async retrieve(number: MessageNumber, sink: MailSink): Promise<void> {
    await this.#command(`RETR ${number}`);
    const { content } = this.#mail(number);
    const { refused, killers } = this.#provider.faults;
    if (refused?.has(content) === true) throw new MailRefused('-ERR [SYS/TEMP] cannot be read');
    if (killers?.has(content) === true) this.#die();
    await sink.write(content);
  }

  async top(number: MessageNumber, sink: MailSink): Promise<void> {
    await this.#command(`TOP ${number} 0`);
    const { content } = this.#mail(number);
    const { noTop, refused } = this.#provider.faults;
    if (noTop === true || refused?.has(content) === true) throw new MailRefused('-ERR no');
    await sink.write(content.subarray(0, content.indexOf('\r\n\r\n') + 4));
  }

  async delete(number: MessageNumber): Promise<void> {
    await this.#command(`DELE ${number}`);
    if (this.#provider.faults.noDele === true) throw new MailRefused('-ERR read-only');
    this.#marked.add(this.#mail(number));
  }

  async confirm(): Promise<boolean> {
    await this.#command('STAT');
    return true;
  }

  async quit(): Promise<void> {
    await this.#command('QUIT');
    const { quit, keepsDeleted } = this.#provider.faults;
    if (quit !== 'before' && keepsDeleted !== true) this.#remove();
    if (quit !== undefined && this.#marked.size > 0) this.#die();
  }

  abandon(): void {
    this.#isDead = true;
  }

  #remove(): void {
    for (const mail of this.#marked) {
      const at = this.#provider.mails.indexOf(mail);
      if (at === -1) continue;
      this.#provider.onDelete(mail);
      this.#provider.mails.splice(at, 1);
      this.#provider.deleted.push(mail);
    }
  }

  #mail(number: MessageNumber): ProviderMail {
    const mail = this.#mails[number - 1];
    if (mail === undefined || this.#marked.has(mail)) throw new MailRefused('-ERR no such message');
    return mail;
  }

  /** A turn of the loop, as a network has. */
  async #command(line: string): Promise<void> {
    this.#provider.commands.push(line);
    this.#provider.onCommand();
    this.#commands += 1;
    const isOver = this.#commands === this.#provider.faults.endsAt;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.#isDead || isOver) this.#die();
  }

  #die(): never {
    this.#isDead = true;
    throw new Failure('connect', 'temporary', 'the provider closed the connection');
  }
}
