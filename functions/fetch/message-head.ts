import { HEAD_OCTETS } from '../../shared/limits.ts';
import { FramingLost, MailRefused } from '../../shared/pop3/maildrop.ts';
import type { ListedMail, Maildrop, MailSink } from '../../shared/pop3/maildrop.ts';
import { MessageDigests } from '../../shared/store/message-digests.ts';
import { BrokeOffAt } from './broke-off.ts';
import { inGroups } from './in-groups.ts';
import type { MaildropSession } from './maildrop-run.ts';

/** The header block of a message that was not retrieved, by `TOP n 0`. */
export interface MessageHead {
  /** To be compared with the digest that a retrieved message's header block has. */
  readonly digest: string;
  /** As much of it as people need to see. */
  readonly header: Buffer;
}

interface HeadOf<Mail extends ListedMail> {
  readonly mail: Mail;
  /** Null: the server would not give it. */
  readonly head: MessageHead | null;
}

/** Header blocks under way, and the question behind them. */
interface Asked<Mail extends ListedMail> {
  readonly heads: readonly { readonly mail: Mail; readonly reading: Promise<MessageHead | null> }[];
  readonly inStep: Promise<boolean>;
}

/**
 * Reads header blocks in order, several TOP under way at once, as far as the run's time goes. They are given once the
 * answers are known to be in step, as messages are: by one under another's number mail would be left for its date.
 * @throws BrokeOffAt naming the message that the session broke off at, where that can be told
 */
export async function* readHeads<Mail extends ListedMail>(
  { run, maildrop }: Pick<MaildropSession, 'run' | 'maildrop'>,
  mails: readonly Mail[],
): AsyncGenerator<HeadOf<Mail>> {
  const groups = inGroups(mails, Math.ceil(run.window.messages / 2));
  const begin = (): Asked<Mail> | null => {
    const heads = [];
    for (const mail of groups.next().value ?? []) {
      if (!run.budget.hasTime()) break;
      const reading = readHead(maildrop, mail);
      reading.catch(() => undefined);
      heads.push({ mail, reading });
    }
    if (heads.length === 0) return null;
    const inStep = maildrop.confirm();
    inStep.catch(() => undefined);
    return { heads, inStep };
  };
  // The next group is asked for before the one before it has been answered, so that the line is never idle.
  for (let asked = begin(); asked !== null;) {
    const next = run.window.messages === 1 ? null : begin();
    yield* await answersTo(asked);
    asked = next ?? begin();
  }
}

async function answersTo<Mail extends ListedMail>({
  heads,
  inStep,
}: Asked<Mail>): Promise<HeadOf<Mail>[]> {
  const answers: HeadOf<Mail>[] = [];
  for (const { mail, reading } of heads) {
    try {
      answers.push({ mail, head: await reading });
    } catch (error) {
      const isOneOfSeveral = error instanceof FramingLost && answers.length > 0;
      throw isOneOfSeveral ? error : new BrokeOffAt(mail, error);
    }
  }
  const [first, ...others] = heads;
  try {
    if ((await inStep) || answers.every(({ head }) => head !== null)) return answers;
    throw new FramingLost('expected an answer to STAT behind a refused TOP, got -ERR');
  } catch (error) {
    const isOne = error instanceof FramingLost && others.length === 0;
    throw isOne && first !== undefined ? new BrokeOffAt(first.mail, error) : error;
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
