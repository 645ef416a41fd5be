import { asFailure } from '../../shared/failure.ts';
import type { MaildropMemory } from '../../shared/ledger/maildrop-memory.ts';
import { maildropAtStart } from '../../shared/ledger/maildrop-transitions.ts';
import type { MailboxRecord } from '../../shared/ledger/mailbox-record.ts';
import { FAILURES_BEFORE_CARE, RETRIEVAL_WINDOW } from '../../shared/limits.ts';
import type { Maildrop, MessageNumber } from '../../shared/pop3/maildrop.ts';
import type { Mailbox, Settings } from '../../shared/settings/settings.ts';
import { leftBehind } from './left-behind.ts';
import type { MaildropRun, RunDeps, Taking } from './maildrop-run.ts';
import { ALONE } from './retrieval.ts';
import type { RetrievalWindow } from './retrieval-line.ts';
import { RunBudget } from './run-budget.ts';
import { takeMail } from './take-mail.ts';
import type { SessionEnd } from './take-mail.ts';
import { accountDigest } from './uidl-hash.ts';

export interface RunTerms {
  readonly settings: Settings;
  readonly mailbox: Mailbox;
  /** Holds the mailbox's lease. */
  readonly owner: string;
  /** As it was before the run. */
  readonly record: MailboxRecord;
  readonly taking: Taking;
  /** False: time is up, or the process is to end. */
  readonly more: () => boolean;
  readonly leaseLost: AbortSignal;
}

/** One run over a maildrop: as many sessions as it takes. */
export class MaildropRunner {
  readonly #run: MaildropRun;
  #sessions = 0;
  /** Messages in the listing of the session before. */
  #listed = Infinity;

  constructor(deps: RunDeps, terms: RunTerms) {
    const { settings, mailbox, owner, record, taking, more, leaseLost } = terms;
    const { limits } = settings.general;
    const account = { mailbox: mailbox.id, host: mailbox.host, username: mailbox.username };
    const caps = {
      messages: limits.messagesPerRun ?? Infinity,
      octets: limits.bytesPerRun ?? Infinity,
    };
    this.#run = {
      ...{ deps, settings, mailbox, account, limits, owner, taking, leaseLost },
      budget: new RunBudget({ ...caps, more }),
      window: windowAfter(record),
      tried: new Set(),
      planFresh: (mails) => {
        if (this.#sessions === 1) deps.meter.planned(mails.slice(0, caps.messages));
      },
      memory: maildropAtStart(record, accountDigest(account), deps.clock.now()),
    };
  }

  /** As it has to be kept, however the run ended. */
  get memory(): MaildropMemory {
    return this.#run.memory;
  }

  /**
   * Each session ends by QUIT, so that one that breaks off later takes nothing back; the next one goes on.
   * @param open logs in, and again for each further session
   * @throws Failure of the first session, or of one that was to fetch more
   */
  async run(open: () => Promise<Maildrop>): Promise<void> {
    let next = await this.#session(open);
    while (next === 'again') next = await this.#session(open);
    const { memory, taking } = this.#run;
    this.#run.memory = { ...memory, goesOn: taking.cut && taking.progressed };
  }

  async #session(open: () => Promise<Maildrop>): Promise<'again' | 'done'> {
    this.#sessions += 1;
    const maildrop = await this.#open(open);
    if (maildrop === null) return 'done';
    const mayFollow = maildrop.loginDelayMs === null;
    const room = mayFollow ? this.#run.limits.messagesPerSession : Infinity;
    const takenBefore = this.#run.taking.taken.length;
    let end: SessionEnd;
    try {
      end = await takeMail(this.#run, maildrop, { room, listedBefore: this.#listed });
      if (end.kind !== 'brokeOff') await maildrop.quit();
    } finally {
      maildrop.abandon();
    }
    this.#conclude(end);
    // With a server that refuses every DELE the next session would be the same again, for ever.
    if (end.kind !== 'worked' || end.isDone || end.deleted.size === 0) return 'done';
    if (!mayFollow || this.#run.budget.isSpent) return 'done';
    return this.#gotAnywhere(end.session.mails.size, takenBefore) ? 'again' : 'done';
  }

  /** Nor with one that says +OK to DELE and QUIT and deletes nothing: the same messages would come again and again. */
  #gotAnywhere(listed: number, takenBefore: number): boolean {
    const hasShrunk = listed < this.#listed;
    this.#listed = listed;
    const { deps, mailbox, taking } = this.#run;
    if (hasShrunk || taking.taken.slice(takenBefore).some(({ known }) => !known)) return true;
    deps.log.warn('messages that were deleted are listed again', {
      mailbox: mailbox.id,
      messages: listed,
    });
    return false;
  }

  /** A provider may take no second login so soon: what was done is done, and the next run goes on. */
  async #open(open: () => Promise<Maildrop>): Promise<Maildrop | null> {
    if (this.#sessions === 1) return open();
    try {
      return await open();
    } catch (error) {
      const { deps, mailbox, taking } = this.#run;
      taking.cut = true;
      deps.log.warn('no further session in this run', {
        mailbox: mailbox.id,
        error: asFailure(error).message,
      });
      return null;
    }
  }

  #conclude(end: SessionEnd): void {
    const { taking, budget } = this.#run;
    if (end.kind === 'unchanged') return;
    const deleted = end.kind === 'worked' ? end.deleted : new Set<MessageNumber>();
    const { memory, staying } = leftBehind(end.session, deleted);
    taking.left = memory.left;
    taking.progressed ||= deleted.size > 0;
    // Without +OK to QUIT nobody knows how the maildrop was left.
    const listing = end.kind === 'worked' ? memory : null;
    this.#run.memory = { ...this.#run.memory, listing, staying };
    taking.cut = end.kind === 'worked' && !end.isDone && budget.isSpent;
  }
}

/**
 * Where several were under way when the place in the conversation was lost, it may have been any of them: one by one it
 * is found, and the others come. The same where runs fail again and again, whatever they say.
 */
function windowAfter({ lastRun, trouble }: MailboxRecord): RetrievalWindow {
  const isCareful =
    lastRun?.error?.kind === 'protocol' || (trouble?.failures ?? 0) >= FAILURES_BEFORE_CARE;
  return isCareful ? ALONE : RETRIEVAL_WINDOW;
}
