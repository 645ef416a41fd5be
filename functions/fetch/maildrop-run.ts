import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import type { MaildropMemory } from '../../shared/ledger/maildrop-memory.ts';
import { keepMaildrop } from '../../shared/ledger/maildrop-transitions.ts';
import type { MaildropAccount, SessionId } from '../../shared/ledger/uidl-record.ts';
import { Failure } from '../../shared/failure.ts';
import type { NoticeDeps } from '../../shared/notice/post-notice.ts';
import type { Listing, Maildrop, MessageNumber } from '../../shared/pop3/maildrop.ts';
import type { Limits, Mailbox, Settings } from '../../shared/settings/settings.ts';
import type { CustodyDeps, TakenMail } from './custody.ts';
import type { ProgressMeter } from './progress-meter.ts';
import type { RecordBook } from './record-book.ts';
import type { RunBudget } from './run-budget.ts';
import type { RetrievalWindow } from './retrieval-line.ts';
import { standingOf } from './standing.ts';
import type { MetMail, Policy, Standing } from './standing.ts';

export interface TakeMailDeps extends CustodyDeps, NoticeDeps {
  readonly mailboxes: MailboxLedger;
  /** Told when tens of thousands of messages are to be met: the host may make room. Absent: it has enough. */
  readonly makeRoom?: () => void;
}

/** The same within one run. */
export interface RunDeps extends TakeMailDeps {
  readonly meter: ProgressMeter;
}

/** What a run took; filled as it goes, so that one that breaks off has still said what it did. */
export interface Taking {
  fetched: number;
  bytes: number;
  /** New messages that are still on the server and not in custody. */
  left: number;
  /** A cap or the time ended the run before all was fetched. */
  cut: boolean;
  /** Something was done that no later run has to do again. */
  progressed: boolean;
  readonly taken: TakenMail[];
}

export function nothingTaken(): Taking {
  return { fetched: 0, bytes: 0, left: 0, cut: false, progressed: false, taken: [] };
}

/** One run over a maildrop, of one session or several. */
export interface MaildropRun {
  readonly deps: RunDeps;
  readonly settings: Settings;
  readonly mailbox: Mailbox;
  readonly account: MaildropAccount;
  readonly limits: Limits;
  /** Holds the mailbox's lease. */
  readonly owner: string;
  readonly budget: RunBudget;
  /** What may be under way at once. */
  readonly window: RetrievalWindow;
  readonly taking: Taking;
  /** What was tried in vain, by hash: once a run is enough. */
  readonly tried: Set<string>;
  readonly leaseLost: AbortSignal;
  /** Tells those who follow the run what is to be fetched; of later sessions nothing, since they go on with it. */
  readonly planFresh: (mails: readonly MetMail[]) => void;
  /** As it will stand in the mailbox record. */
  memory: MaildropMemory;
}

export interface InCustody {
  readonly sha256: string;
  readonly firstSeenAt: number;
}

/** One session of a run, once the maildrop was listed and is not as it was left. */
export interface MaildropSession {
  readonly run: MaildropRun;
  readonly maildrop: Maildrop;
  readonly id: SessionId;
  /** What it says of the maildrop as a whole; its messages are in `mails`. */
  readonly listing: Omit<Listing, 'mails'>;
  readonly book: RecordBook;
  readonly policy: Policy;
  /** By number, in the server's order. */
  readonly mails: Map<MessageNumber, MetMail>;
  /** What this session took into custody. Of tens of thousands no more is held, the ledger has the rest. */
  readonly inCustody: Map<MessageNumber, InCustody>;
  /** To be deleted at the end of the session. */
  readonly toDelete: Set<MessageNumber>;
  /** Sizes of what is known without having a UIDL, or having been taken. */
  readonly resembles: (size: number) => boolean;
  /** Messages that this session may still delete; then another one goes on. */
  room: number;
}

export function standingIn(session: MaildropSession, mail: MetMail): Standing {
  if (session.inCustody.has(mail.number)) return 'kept';
  const record = mail.hash === null ? undefined : session.book.get(mail.hash);
  return standingOf(mail, record, session.policy, session.resembles);
}

/** Mails that stand so, in the server's order, without those that were tried in vain in this run. */
export function mailsThat(session: MaildropSession, ...standings: readonly Standing[]): MetMail[] {
  const wanted = new Set(standings);
  return [...session.mails.values()].filter(
    (mail) =>
      !session.toDelete.has(mail.number) &&
      wanted.has(standingIn(session, mail)) &&
      (mail.hash === null || !session.run.tried.has(mail.hash)),
  );
}

/**
 * Writes into the mailbox record what must be known if the run dies.
 * @throws Failure `ledger`, temporary, when the lease is somebody else's by now
 */
export async function keepMemory(run: MaildropRun, change: Partial<MaildropMemory>): Promise<void> {
  run.memory = { ...run.memory, ...change };
  const { deps, mailbox, owner, memory } = run;
  if (await deps.mailboxes.change(mailbox.id, keepMaildrop(owner, memory))) return;
  throw new Failure(
    'ledger',
    'temporary',
    `mailbox ${mailbox.id}: expected to hold its lease, another run has it`,
  );
}
