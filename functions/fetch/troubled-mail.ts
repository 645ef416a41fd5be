import { readBacklog } from './backlog.ts';
import { mailsThat } from './maildrop-run.ts';
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
  return (await retryAll(session)) && !hasTroubled(session);
}

/** Looks at header blocks of messages without UIDL, where something is known of others of their size. */
async function identify(session: MaildropSession): Promise<void> {
  const { mails, book } = session;
  const unidentified = mailsThat(session, 'unidentified');
  for await (const { mail, head } of readHeads(session, unidentified)) {
    const bySize = hashOfHead(mail.size, null);
    // One that broke a session off could only be recorded by its size.
    const isKnownBySize = book.get(bySize) !== undefined;
    const byHead = hashOfHead(mail.size, head?.digest ?? null);
    const hash = book.get(byHead) === undefined && isKnownBySize ? bySize : byHead;
    mails.set(mail.number, { ...mail, hash });
  }
}

/** One at a time, those with the fewest failures first: what breaks the session off then bars as few as can be. */
async function retryAll(session: MaildropSession): Promise<boolean> {
  const { policy, book } = session;
  const recordOf = ({ hash }: MetMail) => (hash === null ? undefined : book.get(hash));
  const failuresOf = (mail: MetMail): number => recordOf(mail)?.trouble?.failures ?? 0;
  const retries = mailsThat(session, 'retry').toSorted((a, b) => failuresOf(a) - failuresOf(b));
  const isLarge = ({ size }: MetMail): boolean => size > policy.messageBytes;
  const unread = retries.filter(
    (mail) => !isLarge(mail) && isUnread(recordOf(mail)?.state, policy),
  );
  const known = new Set(unread);
  const plain = retries.filter((mail) => !isLarge(mail) && !known.has(mail));
  if (!(await retrieveMails(session, plain, ALONE))) return false;
  await readBacklog(session, unread);
  if (!(await retrieveMails(session, mailsThat(session, 'new'), ALONE))) return false;
  await leaveOversize(session, retries.filter(isLarge));
  return true;
}
