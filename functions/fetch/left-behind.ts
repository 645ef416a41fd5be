import type { ListingMemory, StayingMail } from '../../shared/ledger/maildrop-memory.ts';
import type { UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { RETRIEVAL_TRIES, UNSETTLED_LISTED } from '../../shared/limits.ts';
import type { MessageNumber } from '../../shared/pop3/maildrop.ts';
import { sha256Of } from './listed-records.ts';
import { listingDigest } from './listing-digest.ts';
import { standingIn } from './maildrop-run.ts';
import type { InCustody, MaildropSession } from './maildrop-run.ts';
import { deletableFrom } from './may-delete.ts';
import { policyText } from './meet-maildrop.ts';
import { NOT_IN_CUSTODY } from './standing.ts';
import type { MetMail, Standing } from './standing.ts';

/** How a session left the maildrop, once QUIT was answered by +OK. */
export interface LeftBehind {
  readonly memory: ListingMemory;
  readonly staying: StayingMail;
}

/** No listing has it: the next run looks at everything. */
const NO_DIGEST = '';

/** With these left the listing has to be looked at again, even if it does not change. */
const WORK: ReadonlySet<Standing> = new Set(['new', 'tooLarge', 'unread', 'unidentified']);

export function leftBehind(
  session: MaildropSession,
  deleted: ReadonlySet<MessageNumber>,
): LeftBehind {
  const { listing, book, run } = session;
  const rest = [...session.mails.values()].filter(({ number }) => !deleted.has(number));
  const standings = rest.map((mail) => standingIn(session, mail));
  const count = (wanted: ReadonlySet<Standing>): number =>
    standings.filter((standing) => wanted.has(standing)).length;
  const { unsettled, dueAt } = settlementOf(session, rest, standings);
  const isQuiet = listing.hasUidl && count(WORK) === 0;
  const restListed = { ...listing, mails: rest };
  return {
    memory: {
      // Without UIDL two messages of one size cannot be told apart.
      digest: isQuiet ? listingDigest(restListed, policyText(run)) : NO_DIGEST,
      unsettled: unsettled.length > UNSETTLED_LISTED ? null : unsettled,
      dueAt,
      recorded: recordedAmong(session, rest),
      left: count(NOT_IN_CUSTODY) + listing.unreadable,
    },
    staying: {
      tooLarge: count(new Set(['staysTooLarge'])),
      unretrievable: rest.filter(
        ({ hash }) => failuresOf(hash === null ? undefined : book.get(hash)) >= RETRIEVAL_TRIES,
      ).length,
      skipped: count(new Set(['skipped'])),
    },
  };
}

function failuresOf(record: UidlRecord | undefined): number {
  return record?.trouble?.failures ?? 0;
}

/** Which kept messages wait for their end alone, and when the next deletion or retry is due. */
function settlementOf(
  session: MaildropSession,
  rest: readonly MetMail[],
  standings: readonly Standing[],
): { readonly unsettled: readonly string[]; readonly dueAt: number | null } {
  const { book, policy, inCustody } = session;
  const unsettled = new Set<string>();
  let dueAt = Infinity;
  for (const [index, mail] of rest.entries()) {
    const record = mail.hash === null ? undefined : book.get(mail.hash);
    dueAt = Math.min(dueAt, nextTryOf(record));
    if (standings[index] !== 'kept') continue;
    const { sha256, firstSeenAt } = inCustody.get(mail.number) ?? custodyOf(record, policy.now);
    const from = deletableFrom(policy.keep, firstSeenAt);
    // With `keep: none` nothing is waited for: what is still here has to be looked at again.
    if (from > policy.now || policy.keep === 'none') dueAt = Math.min(dueAt, from);
    else unsettled.add(sha256);
  }
  return { unsettled: [...unsettled], dueAt: dueAt === Infinity ? null : dueAt };
}

function nextTryOf(record: UidlRecord | undefined): number {
  return record?.trouble?.nextTryAt ?? Infinity;
}

/** A kept message has a record of one that was taken. */
function custodyOf(record: UidlRecord | undefined, now: number): InCustody {
  if (record === undefined) return { sha256: '', firstSeenAt: now };
  return { sha256: sha256Of(record) ?? '', firstSeenAt: record.firstSeenAt };
}

/** Records that stand for a listed message: what this session took has one too. */
function recordedAmong({ book, inCustody }: MaildropSession, rest: readonly MetMail[]): number {
  let alone = 0;
  const shared = new Set<string>();
  for (const mail of rest) {
    const { hash, number } = mail;
    if (hash === null || (book.get(hash) === undefined && !inCustody.has(number))) continue;
    if (mail.alone) alone += 1;
    else shared.add(hash);
  }
  return alone + shared.size;
}
