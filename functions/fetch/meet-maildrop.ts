import { MANY_LISTED } from '../../shared/limits.ts';
import type { Listing, Maildrop, MessageNumber } from '../../shared/pop3/maildrop.ts';
import type { MaildropRun, MaildropSession } from './maildrop-run.ts';
import { RecordBook } from './record-book.ts';
import { inWords } from './setting-words.ts';
import type { MetMail } from './standing.ts';
import type { SessionTerms } from './take-mail.ts';
import { hashOfShared, hashUidl } from './uidl-hash.ts';

/** The settings that say what to do with a listing. */
export function policyText({ mailbox, limits }: MaildropRun): string {
  return `${inWords(mailbox.keep)} ${inWords(mailbox.initial)} ${limits.messageBytes ?? 'all'}`;
}

/** Lays a listing beside what is known of it. */
export async function meetMaildrop(
  run: MaildropRun,
  maildrop: Maildrop,
  listing: Listing,
  { room, listedBefore }: SessionTerms,
): Promise<MaildropSession> {
  const { deps, mailbox, limits, account, memory } = run;
  reportUnreadable(run, listing);
  if (listing.mails.length >= MANY_LISTED) deps.makeRoom?.();
  const met = metMails(listing);
  const now = deps.clock.now();
  const book = await RecordBook.open(deps.uidls, account, {
    hashes: hashesOf(met),
    // What was deleted may be listed all the same, by a server that only said that it deletes.
    expected: listing.mails.length < listedBefore ? (memory.listing?.recorded ?? null) : null,
    // What comes back is fetched and recognised in any case, where it is deleted at once.
    onlyListed: mailbox.keep === 'none',
    now,
    rememberMs: limits.rememberMs,
  });
  // Later than any before, also by a clock that was set back: nothing that an earlier one sent may seem unsent.
  const id = Math.max(now, memory.deleBegunIn + 1, book.lastSession() + 1);
  const untakenSizes = new Set<number>();
  for (const { state, size } of book.all()) if (state.kind !== 'taken') untakenSizes.add(size);
  return {
    ...{ run, maildrop, id, book, room },
    listing: { hasUidl: listing.hasUidl, unreadable: listing.unreadable },
    policy: {
      keep: mailbox.keep,
      initial: mailbox.initial,
      messageBytes: limits.messageBytes ?? Infinity,
      firstRunAt: memory.firstRunAt,
      deleBegunIn: memory.deleBegunIn,
      now,
    },
    mails: byNumber(met),
    inCustody: new Map(),
    toDelete: new Set(),
    resembles: (size) => untakenSizes.has(size),
  };
}

/** By which anything may be known of them. */
function hashesOf(met: readonly MetMail[]): string[] {
  const hashes: string[] = [];
  for (const { hash, uidl, alone } of met) {
    if (hash === null) continue;
    hashes.push(hash);
    // Also what the UIDL stood for while it stood alone.
    if (!alone && uidl !== null) hashes.push(hashUidl(uidl));
  }
  return hashes;
}

function byNumber(met: readonly MetMail[]): Map<MessageNumber, MetMail> {
  const mails = new Map<MessageNumber, MetMail>();
  for (const mail of met) mails.set(mail.number, mail);
  return mails;
}

function metMails({ mails }: Listing): MetMail[] {
  const often = new Map<string, number>();
  for (const { uidl } of mails) {
    if (uidl !== null) often.set(uidl, (often.get(uidl) ?? 0) + 1);
  }
  return mails.map((mail) => {
    const { uidl } = mail;
    if (uidl === null) return { ...mail, hash: null, alone: true };
    const alone = often.get(uidl) === 1;
    return { ...mail, hash: alone ? hashUidl(uidl) : hashOfShared(uidl, mail.size), alone };
  });
}

function reportUnreadable({ deps, mailbox }: MaildropRun, { unreadable }: Listing): void {
  if (unreadable === 0) return;
  deps.log.warn('lines of the listing could not be read, their messages are left alone', {
    mailbox: mailbox.id,
    lines: unreadable,
  });
}
