import type { ListedMail } from '../../shared/pop3/maildrop.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { SpooledMessage } from '../../shared/store/spool.ts';

export interface Retrieved<Mail extends ListedMail = ListedMail> {
  readonly mail: Mail;
  /** The whole message, or why the server would not give it. */
  readonly result: SpooledMessage | MailRefused;
}

/** What came since the server's answers were last known to be in step with the commands. */
export class RetrievedStretch<Mail extends ListedMail> {
  #answers: Retrieved<Mail>[] = [];

  add(answer: Retrieved<Mail>): void {
    this.#answers.push(answer);
  }

  get mails(): readonly Mail[] {
    return this.#answers.map(({ mail }) => mail);
  }

  get hasRefusal(): boolean {
    return this.#answers.some(({ result }) => result instanceof MailRefused);
  }

  /** The answers are in step: all of it is what it seems. */
  *give(): Generator<Retrieved<Mail>> {
    for (let one = this.#answers.shift(); one !== undefined; one = this.#answers.shift()) yield one;
  }

  /**
   * The session ended before that was known. A line too many is taken for the refusal of the message whose answer was
   * due, so what came before a refusal is what it seems; behind it each message may bear the number of the next.
   */
  *giveBeforeRefusal(): Generator<Retrieved<Mail>> {
    while (this.#answers[0] !== undefined && !(this.#answers[0].result instanceof MailRefused)) {
      const [one] = this.#answers.splice(0, 1);
      if (one !== undefined) yield one;
    }
  }

  /** They are still on the server. */
  async discard(): Promise<void> {
    await Promise.all(this.#answers.splice(0).map(discard));
  }
}

export async function discard({ result }: Retrieved): Promise<void> {
  if (!(result instanceof MailRefused)) await result.discard();
}
