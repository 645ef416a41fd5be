import { Failure } from '../../shared/failure.ts';
import type { MaildropAccount, UidlRecord } from '../../shared/ledger/uidl-record.ts';
import { RETRIEVAL_WINDOW } from '../../shared/limits.ts';
import type { Log } from '../../shared/observe/log.ts';
import type { ListedMail, Listing, Maildrop } from '../../shared/pop3/maildrop.ts';
import { MailRefused } from '../../shared/pop3/maildrop.ts';
import type { Mailbox } from '../../shared/settings/settings.ts';
import type { Spool } from '../../shared/store/spool.ts';
import type { CustodyDeps, TakenMail } from './custody.ts';
import { CustodySession } from './custody-session.ts';
import { planRetrieval } from './plan-retrieval.ts';
import type { RetrievalPlan } from './plan-retrieval.ts';
import type { ProgressMeter } from './progress-meter.ts';
import { retrieveInOrder } from './retrieve-in-order.ts';
import { hashUidl } from './uidl-hash.ts';

export interface RetrievalLimits {
  /** A larger message (by LIST) stays on the server; null: no limit. */
  readonly messageBytes: number | null;
  readonly messagesPerRun: number | null;
}

export interface TakeMailDeps extends CustodyDeps {
  readonly newSpool: () => Spool;
  readonly log: Log;
}

/** The same within one run. */
export interface RunDeps extends TakeMailDeps {
  readonly meter: ProgressMeter;
}

/** What one session took; filled as it goes, so that a session that breaks off has still said what it did. */
export interface Taking {
  fetched: number;
  bytes: number;
  /** New messages that are still on the server and not in custody. */
  left: number;
  /** A cap or the time ended the run before all was fetched. */
  cut: boolean;
  readonly taken: TakenMail[];
}

export function nothingTaken(): Taking {
  return { fetched: 0, bytes: 0, left: 0, cut: false, taken: [] };
}

/**
 * Works through one open maildrop: list, retrieve what is new, take it into custody group by group, mark it for
 * deletion as `keep` says. The caller QUITs; before that nothing is deleted.
 * @param more false: stop asking for messages (time budget, shutdown), finish those under way
 */
export async function takeMail(
  deps: RunDeps,
  maildrop: Maildrop,
  mailbox: Mailbox,
  limits: RetrievalLimits,
  taking: Taking,
  more: () => boolean,
): Promise<void> {
  const account = { mailbox: mailbox.id, host: mailbox.host, username: mailbox.username };
  const plan = await makePlan(deps, maildrop, mailbox, account, limits);
  taking.left = plan.retrieve.length + plan.tooLarge.length + plan.unreadable;
  deps.meter.planned(plan.retrieve.slice(0, limits.messagesPerRun ?? Infinity));
  const session = new CustodySession(deps, maildrop, account, mailbox.keep === 'none', taking);
  const run = {
    deps,
    maildrop,
    mailbox,
    session,
    more,
    most: limits.messagesPerRun ?? Infinity,
    messageBytes: limits.messageBytes,
  };
  const answered = await retrieveAll(run, plan.retrieve);
  await session.finish();
  taking.cut = answered < plan.retrieve.length;
}

interface Retrieval {
  readonly deps: RunDeps;
  readonly maildrop: Maildrop;
  readonly mailbox: Mailbox;
  readonly session: CustodySession;
  readonly more: () => boolean;
  /** Messages to take in this run. One that the server refuses takes up no place, or it would bar those behind it. */
  readonly most: number;
  readonly messageBytes: number | null;
}

/** @returns how many messages the server answered for, given or refused */
async function retrieveAll(run: Retrieval, mails: readonly ListedMail[]): Promise<number> {
  let begun = 0;
  let refused = 0;
  let answered = 0;
  const mayBegin = (): boolean => {
    if (begun - refused >= run.most || !run.more()) return false;
    begun += 1;
    return true;
  };
  const { maildrop, session, deps } = run;
  try {
    for await (const { mail, result } of retrieveInOrder(maildrop, mails, {
      newSpool: () => deps.meter.counted(deps.newSpool()),
      window: RETRIEVAL_WINDOW,
      messageBytes: run.messageBytes,
      mayBegin,
    })) {
      answered += 1;
      if (result instanceof MailRefused) {
        refused += 1;
        reportRefusal(run, mail, result);
      } else {
        await session.add({ mail, message: result });
      }
    }
  } catch (error) {
    await session.salvage();
    throw error;
  }
  return answered;
}

function reportRefusal({ deps, mailbox }: Retrieval, mail: ListedMail, why: MailRefused): void {
  deps.log.warn('message not given by the server', {
    mailbox: mailbox.id,
    number: mail.number,
    reply: why.message,
  });
}

async function makePlan(
  deps: TakeMailDeps,
  maildrop: Maildrop,
  mailbox: Mailbox,
  account: MaildropAccount,
  limits: RetrievalLimits,
): Promise<RetrievalPlan> {
  const listing = await maildrop.listing();
  if (mailbox.keep !== 'none') requireUidl(listing.hasUidl, mailbox);
  const plan = planRetrieval(
    { ...listing, known: await knownUidls(deps, listing, mailbox, account) },
    mailbox.keep === 'none' ? 'none' : 'forever',
    limits.messageBytes,
  );
  for (const mail of plan.tooLarge) {
    deps.log.warn('message larger than limits.messageBytes stays on the server', {
      mailbox: mailbox.id,
      size: mail.size,
      limit: limits.messageBytes,
    });
  }
  if (plan.unreadable > 0) {
    deps.log.warn('lines of the listing could not be read, their messages are left alone', {
      mailbox: mailbox.id,
      lines: plan.unreadable,
    });
  }
  return plan;
}

/** With `keep: none` every listed message is retrieved, known or not: nothing to look up. */
async function knownUidls(
  deps: TakeMailDeps,
  listing: Listing,
  mailbox: Mailbox,
  account: MaildropAccount,
): Promise<ReadonlyMap<string, UidlRecord>> {
  if (mailbox.keep === 'none') return new Map();
  const hashes = listing.mails.flatMap(({ uidl }) => (uidl === null ? [] : [hashUidl(uidl)]));
  return deps.uidls.find(account, hashes);
}

/** Without UIDL a message that stays would be fetched again by every run. */
function requireUidl(hasUidl: boolean, mailbox: Mailbox): void {
  if (hasUidl) return;
  throw new Failure(
    'protocol',
    'permanent',
    `mailbox ${mailbox.id}: keep "${mailbox.keep === 'forever' ? 'forever' : ''}" expects a server with UIDL, ${mailbox.host} has none; use keep: none`,
  );
}
