import type { ListedMail, Maildrop } from '../../shared/pop3/maildrop.ts';
import { FramingLost } from '../../shared/pop3/maildrop.ts';
import { BrokeOffAt } from './broke-off.ts';
import { IN_STEP, RetrievalLine, UNSAID } from './retrieval-line.ts';
import type { RetrievalOptions } from './retrieval-line.ts';
import { RetrievedStretch } from './retrieved-stretch.ts';
import type { Retrieved } from './retrieved-stretch.ts';

/**
 * Retrieves messages in order, several RETR on the way at once, since a round trip a message would bound the speed
 * of a long line. Asks for more only as the caller takes what came: that is the back-pressure of the store.
 *
 * Messages are given once the server's answers are known to be in step behind them: a line too many shifts all that
 * follow by one, and a server that does not stuff dots ends a message too soon. So a question whose answer is like no
 * other stands behind every few of them.
 * When the caller stops early, or the session breaks, what is spooled and not taken is thrown away: it is still on
 * the server.
 * @throws BrokeOffAt naming the message that the session broke off at, where that can be told
 */
export async function* retrieveInOrder<Mail extends ListedMail>(
  maildrop: Maildrop,
  mails: readonly Mail[],
  options: RetrievalOptions,
): AsyncGenerator<Retrieved<Mail>> {
  const line = new RetrievalLine(maildrop, mails, options);
  const stretch = new RetrievedStretch<Mail>();
  const releasing = function* (some: Iterable<Retrieved<Mail>>): Generator<Retrieved<Mail>> {
    for (const one of some) {
      line.release(one);
      yield one;
    }
  };
  try {
    for (;;) {
      const answer = await line.next();
      if (answer === null) return;
      if (answer === UNSAID && stretch.hasRefusal) throw refusedToSay(stretch.mails);
      if (answer === UNSAID || answer === IN_STEP) yield* releasing(stretch.give());
      else stretch.add(answer);
    }
  } catch (error) {
    const blamed = blamedFor(error, stretch.mails, line);
    // What came whole before a hang-up is mail. Where the place was lost nobody knows which message came.
    if (!(error instanceof FramingLost)) yield* releasing(stretch.giveBeforeRefusal());
    throw blamed === null ? error : new BrokeOffAt(blamed, error);
  } finally {
    await stretch.discard();
    line.throwAway();
  }
}

/**
 * Of a session that ended by itself: the message that the server was at. Where the place was lost it may be any since
 * the answers were last in step, so one is named only where there is one.
 */
function blamedFor<Mail extends ListedMail>(
  error: unknown,
  unconfirmed: readonly Mail[],
  line: RetrievalLine<Mail>,
): Mail | null {
  if (!(error instanceof FramingLost)) return line.nextMail;
  const first = line.firstMail;
  const [one, ...others] = first === null ? unconfirmed : [...unconfirmed, first];
  return one !== undefined && others.length === 0 ? one : null;
}

/** Its -ERR may have been meant for one of these messages, and the refusal of one be a line too many. */
function refusedToSay(mails: readonly ListedMail[]): FramingLost {
  const numbers = mails.map(({ number }) => number).join(', ');
  return new FramingLost(
    `expected an answer to STAT behind a refused message (${numbers}), got -ERR`,
  );
}
