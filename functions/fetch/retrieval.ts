import { RETRIEVAL_WINDOW } from '../../shared/limits.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import { BrokeOffAt } from './broke-off.ts';
import { CustodySession } from './custody-session.ts';
import { noteFailures } from './failed-retrieval.ts';
import type { Refusal } from './failed-retrieval.ts';
import type { MaildropSession } from './maildrop-run.ts';
import { retrieveInOrder } from './retrieve-in-order.ts';
import type { Retrieved, RetrievalWindow } from './retrieve-in-order.ts';
import type { MetMail } from './standing.ts';

/** One at a time: what fails then is the message itself. */
export const ALONE: RetrievalWindow = { messages: 1, octets: 1 };

/**
 * Retrieves messages in order and takes them into custody, as far as the run's budget and the session's room go. What
 * the server refuses is noted, and the others go on.
 * @returns whether all were asked for
 * @throws BrokeOffAt naming the message whose answer was due; what came before it is in custody
 */
export async function retrieveMails(
  session: MaildropSession,
  mails: readonly MetMail[],
  window: RetrievalWindow = RETRIEVAL_WINDOW,
): Promise<boolean> {
  const { run, maildrop, book } = session;
  const { deps, budget } = run;
  const custody = new CustodySession(session);
  const refusals: Refusal[] = [];
  let begun = 0;
  const mayBegin = (): boolean => {
    const mail = mails[begun];
    if (mail === undefined || session.room <= 0 || !budget.begin(mail.size)) return false;
    if (run.mailbox.keep === 'none') session.room -= 1;
    begun += 1;
    return true;
  };
  const giveBack = ({ size }: MetMail): void => {
    budget.giveBack(size);
    if (run.mailbox.keep === 'none') session.room += 1;
  };
  let answered = 0;
  const retrieving = retrieveInOrder(maildrop, mails, {
    newSpool: () => deps.meter.counted(deps.newSpool()),
    window,
    messageBytes: run.limits.messageBytes,
    mayBegin,
  });
  try {
    for (;;) {
      const mail = mails[answered];
      const retrieved = await nextOf(retrieving, mail);
      if (retrieved === null || mail === undefined) break;
      answered += 1;
      if (retrieved instanceof MailRefused) {
        giveBack(mail);
        refusals.push({ mail, reply: retrieved.message });
      } else {
        const record = mail.hash === null ? null : (book.get(mail.hash) ?? null);
        await custody.add({ mail, message: retrieved, record });
      }
    }
    await custody.finish();
  } catch (error) {
    await retrieving.return(undefined);
    await custody.salvage();
    throw error;
  }
  await noteFailures(session, refusals);
  return answered === mails.length;
}

/**
 * Messages come in the order asked for. Tells the session's end, for which the message that was due is named, from what
 * goes wrong on our side.
 */
async function nextOf(
  retrieving: AsyncIterator<Retrieved, unknown>,
  due: MetMail | undefined,
): Promise<Retrieved['result'] | null> {
  try {
    const next = await retrieving.next();
    return next.done === true ? null : next.value.result;
  } catch (error) {
    throw due === undefined ? error : new BrokeOffAt(due, error);
  }
}
