import { readBacklog } from './backlog.ts';
import { mailsThat, standingIn } from './maildrop-run.ts';
import type { MaildropSession } from './maildrop-run.ts';
import { readHeads } from './message-head.ts';
import { leaveOversize } from './oversize.ts';
import { ALONE, retrieveMails } from './retrieval.ts';
import { isUnread } from './standing.ts';
import type { MetMail } from './standing.ts';
import { hashOfHead } from './uidl-hash.ts';

/** Whether anything is left to do that may break a session off. */
export function hasTroubled(session: MaildropSession): boolean {
  return mailsThat(session, 'tooLarge', 'unidentified', 'retry').length > 0;
}

/**
 * What comes last, behind all new mail, and in a session that has nothing to lose: messages that failed before may
 * break it off again, and so may those that are so large that nobody may ever have read them.
 * @returns whether nothing is left that another session could do
 */
export async function treatTroubled(session: MaildropSession): Promise<boolean> {
  await identify(session);
  await leaveOversize(session, mailsThat(session, 'tooLarge'));
  if (!(await retrieveMails(session, mailsThat(session, 'new')))) return false;
  for (const mail of retries(session)) {
    if (!session.run.budget.hasTime()) return false;
    await retry(session, mail);
  }
  return true;
}

/** Looks at header blocks of messages without UIDL, where something is known of others of their size. */
async function identify(session: MaildropSession): Promise<void> {
  const { run, maildrop, mails, book } = session;
  const unidentified = mailsThat(session, 'unidentified');
  for await (const { mail, head } of readHeads(maildrop, unidentified, () =>
    run.budget.hasTime(),
  )) {
    const bySize = hashOfHead(mail.size, null);
    // One that broke a session off could only be recorded by its size.
    const isKnownBySize = book.get(bySize) !== undefined;
    const byHead = hashOfHead(mail.size, head?.digest ?? null);
    const hash = book.get(byHead) === undefined && isKnownBySize ? bySize : byHead;
    mails.set(mail.number, { ...mail, hash });
  }
}

/** Those with the fewest failures first. */
function retries(session: MaildropSession): MetMail[] {
  const failuresOf = ({ hash }: MetMail): number =>
    (hash === null ? undefined : session.book.get(hash))?.trouble?.failures ?? 0;
  return mailsThat(session, 'retry').toSorted((a, b) => failuresOf(a) - failuresOf(b));
}

async function retry(session: MaildropSession, mail: MetMail): Promise<void> {
  const { policy, book } = session;
  const state = mail.hash === null ? undefined : book.get(mail.hash)?.state;
  if (mail.size > policy.messageBytes) {
    await leaveOversize(session, [mail]);
  } else if (isUnread(state, policy)) {
    await readBacklog(session, [mail]);
    if (standingIn(session, mail) === 'new') await retrieveMails(session, [mail], ALONE);
  } else {
    await retrieveMails(session, [mail], ALONE);
  }
}
