import { MailRefused } from '../../shared/pop3/maildrop.ts';
import { CustodySession } from './custody-session.ts';
import { noteFailures } from './failed-retrieval.ts';
import type { Refusal } from './failed-retrieval.ts';
import type { MaildropSession } from './maildrop-run.ts';
import { retrieveInOrder } from './retrieve-in-order.ts';
import type { RetrievalWindow } from './retrieval-line.ts';
import type { MetMail } from './standing.ts';

/** One at a time: what fails then is the message itself. */
export const ALONE: RetrievalWindow = { messages: 1, octets: 1 };

/**
 * Retrieves messages in order and takes them into custody, as far as the run's budget and the session's room go. What
 * the server refuses is noted, and the others go on.
 * @returns whether all were asked for
 * @throws BrokeOffAt naming the message that the session broke off at; what came before it is in custody
 */
export async function retrieveMails(
  session: MaildropSession,
  mails: readonly MetMail[],
  window: RetrievalWindow = session.run.window,
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
      // Not `for await`: what goes wrong on our side leaves the loop, and what it had asked for is thrown away below.
      const next = await retrieving.next();
      if (next.done === true) break;
      const { mail, result } = next.value;
      answered += 1;
      if (result instanceof MailRefused) {
        giveBack(mail);
        refusals.push({ mail, reply: result.message });
      } else {
        const record = mail.hash === null ? null : (book.get(mail.hash) ?? null);
        await custody.add({ mail, message: result, record });
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
