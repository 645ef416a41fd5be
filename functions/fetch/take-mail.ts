import { Failure } from '../../shared/failure.ts';
import type { ListingMemory } from '../../shared/ledger/maildrop-memory.ts';
import { BACKLOG_READ_MESSAGES } from '../../shared/limits.ts';
import type { Listing, Maildrop, MessageNumber } from '../../shared/pop3/maildrop.ts';
import type { Mailbox } from '../../shared/settings/settings.ts';
import { noteBacklog, readBacklog } from './backlog.ts';
import { BrokeOffAt } from './broke-off.ts';
import { finalAmong, markDue, sendDeletions } from './deletions.ts';
import { noteBreak } from './failed-retrieval.ts';
import { inGroups } from './in-groups.ts';
import { noteReturned, noteVanished, spoilShared, vanished } from './listed-records.ts';
import { listingDigest } from './listing-digest.ts';
import { mailsThat } from './maildrop-run.ts';
import type { MaildropRun, MaildropSession } from './maildrop-run.ts';
import { recogniseMoved } from './moved-mail.ts';
import { meetMaildrop, policyText } from './meet-maildrop.ts';
import { watchForRenumbering } from './renumbering.ts';
import { retrieveMails } from './retrieval.ts';
import { inWords } from './setting-words.ts';
import { NOT_IN_CUSTODY } from './standing.ts';
import type { MetMail } from './standing.ts';
import { hasTroubled, treatTroubled } from './troubled-mail.ts';

/** How a session ended, before QUIT. */
export type SessionEnd =
  /** Nothing has changed since it was left, and nothing is due. */
  | { readonly kind: 'unchanged' }
  /** By a message that failed before, behind all others: there is no session any more to be ended by QUIT. */
  | { readonly kind: 'brokeOff'; readonly session: MaildropSession }
  | {
      readonly kind: 'worked';
      readonly session: MaildropSession;
      /** Gone when QUIT is answered by +OK. */
      readonly deleted: ReadonlySet<MessageNumber>;
      /** Nothing is left that another session could do. */
      readonly isDone: boolean;
    };

class BrokeOffLast extends Error {
  readonly broke: BrokeOffAt;

  constructor(broke: BrokeOffAt) {
    super(broke.message, { cause: broke });
    this.broke = broke;
  }
}

export interface SessionTerms {
  /** Messages that it may delete; Infinity where no other session may follow. */
  readonly room: number;
  /** Messages in the listing of the session before in this run; Infinity: there was none. */
  readonly listedBefore: number;
}

/**
 * Works through one open maildrop: list, retrieve what is new, take it into custody group by group, mark for deletion
 * what `keep` does not keep. The caller QUITs; before that nothing is deleted.
 * @throws Failure when the session broke off: what came whole is in custody, and nothing was deleted
 */
export async function takeMail(
  run: MaildropRun,
  maildrop: Maildrop,
  terms: SessionTerms,
): Promise<SessionEnd> {
  const session = await look(run, maildrop, terms);
  if (session === null) return { kind: 'unchanged' };
  // From here on the mailbox record says nothing that holds for the next run, until this session has ended well.
  run.memory = { ...run.memory, listing: null };
  try {
    await tidyRecords(session);
    const isDone = await work(session);
    const deleted = await sendDeletions(session);
    return { kind: 'worked', session, deleted, isDone };
  } catch (error) {
    const broke = error instanceof BrokeOffLast ? error.broke : error;
    if (!(broke instanceof BrokeOffAt)) throw error;
    if (run.leaseLost.aborted) throw broke.failure;
    if (broke.isServers) await noteBreak(session, broke);
    if (error instanceof BrokeOffAt) throw broke.failure;
    return { kind: 'brokeOff', session };
  }
}

/**
 * Apart from {@link takeMail}, which lasts as long as the session, so that the listing goes as soon as it is met.
 * @returns null: nothing has changed since the maildrop was left, and nothing is due
 */
async function look(
  run: MaildropRun,
  maildrop: Maildrop,
  terms: SessionTerms,
): Promise<MaildropSession | null> {
  // A line too many before these would make the one listing pass for the other.
  const [listing] = await Promise.all([maildrop.listing(), maildrop.confirm()]);
  requireUidl(listing, run.mailbox);
  const unchanged = await unchangedSince(run, listing);
  if (unchanged === null) return meetMaildrop(run, maildrop, listing, terms);
  run.taking.left = unchanged.left;
  return null;
}

/** Looked at before anything is asked of the ledger: nothing else is, where nothing has changed. */
async function unchangedSince(run: MaildropRun, listing: Listing): Promise<ListingMemory | null> {
  const known = run.memory.listing;
  if (known?.unsettled == null) return null;
  if (known.dueAt !== null && known.dueAt <= run.deps.clock.now()) return null;
  if (known.digest !== listingDigest(listing, policyText(run))) return null;
  const final = await finalAmong(run, known.unsettled);
  return final.size === 0 ? known : null;
}

/** Brings the records up to what is listed. */
async function tidyRecords(session: MaildropSession): Promise<void> {
  const gone = vanished(session);
  await watchForRenumbering(session, gone);
  await spoilShared(session);
  await noteReturned(session);
  await noteBacklog(session);
  await recogniseMoved(session, gone);
  await noteVanished(session, gone);
}

/**
 * New mail first, then the backlog, then deletions that are due, then what may break the session off, where nothing
 * would be lost with it.
 * @returns whether nothing is left that another session could do
 */
async function work(session: MaildropSession): Promise<boolean> {
  const { run } = session;
  const fresh = neverTakenFirst(session, mailsThat(session, 'new'));
  run.taking.left = mailsThat(session, ...NOT_IN_CUSTODY).length + session.listing.unreadable;
  run.planFresh(fresh);
  if (!(await retrieveMails(session, fresh))) return false;
  if (!(await carryBacklog(session))) return false;
  if (!(await markDue(session))) return false;
  if (!hasTroubled(session)) return true;
  if (session.toDelete.size > 0) return false;
  return treatLast(session);
}

/**
 * A message that breaks the session off here, behind everything else, is that message's failure and not the mailbox's:
 * all other mail was fetched.
 */
async function treatLast(session: MaildropSession): Promise<boolean> {
  try {
    return await treatTroubled(session);
  } catch (error) {
    if (!(error instanceof BrokeOffAt) || !error.isServers) throw error;
    throw new BrokeOffLast(error);
  }
}

/**
 * What was taken before and is not known for sure (its UIDL stands for two) is retrieved again by every run. With a cap
 * it would bar what nobody has yet.
 */
function neverTakenFirst({ book }: MaildropSession, mails: readonly MetMail[]): MetMail[] {
  const wasTaken = ({ hash }: MetMail): boolean =>
    hash !== null && book.get(hash)?.state.kind === 'taken';
  return [...mails.filter((mail) => !wasTaken(mail)), ...mails.filter(wasTaken)];
}

/** Read in portions, so that what is to be fetched of one comes before the next is read. */
async function carryBacklog(session: MaildropSession): Promise<boolean> {
  for (const some of inGroups(mailsThat(session, 'unread'), BACKLOG_READ_MESSAGES)) {
    if (!session.run.budget.hasTime()) return false;
    await readBacklog(session, some);
    const wanted = mailsThat(session, 'new');
    session.run.deps.meter.planned(wanted);
    if (!(await retrieveMails(session, wanted))) return false;
  }
  // The time may have ended in the midst of a portion.
  return mailsThat(session, 'unread').length === 0;
}

/** Without UIDL a message that stays would be fetched again by every run. */
function requireUidl({ hasUidl }: Listing, { id, host, keep, initial }: Mailbox): void {
  if (hasUidl || (keep === 'none' && initial === 'all')) return;
  const setting = keep === 'none' ? `initial "${inWords(initial)}"` : `keep "${inWords(keep)}"`;
  const instead = keep === 'none' ? 'initial: all' : 'keep: none';
  throw new Failure(
    'protocol',
    'permanent',
    `mailbox ${id}: ${setting} expects a server with UIDL, ${host} has none; use ${instead}`,
  );
}
