import { setTimeout as sleep } from 'node:timers/promises';

import { asFailure } from '../../../shared/failure.ts';
import type { RunResult } from '../../../shared/ledger/mailbox-record.ts';
import { suspendedWords } from '../../../shared/ledger/mailbox-trouble.ts';
import { EXAMINATION_MS, EXAMINATION_PAUSE_MS } from '../../../shared/limits.ts';
import type {
  ExaminedMaildrop,
  Listing,
  ServerOffer,
  SessionObserver,
} from '../../../shared/pop3/maildrop.ts';
import type { Mailbox } from '../../../shared/settings/settings.ts';
import type { TlsFacts } from '../../../shared/tls/tls-facts.ts';
import { tooSoonResult } from '../../fetch/too-soon.ts';
import { lookedAt, MailboxLook } from './mailbox-look.ts';
import type { LookDeps, LookObstacle } from './mailbox-look.ts';
import { uidlFacts } from './uidl-facts.ts';
import type { UidlFacts } from './uidl-facts.ts';

/** What the server of a mailbox showed; the conclusions are for whoever asked. */
export interface MailboxExamination {
  readonly id: string;
  /** `pop.provider.example:995`. */
  readonly server: string;
  readonly tls: TlsFacts | null;
  readonly greeting: string | null;
  readonly capabilities: {
    /** Before the login, within TLS where there is TLS; null: no CAPA, or not asked. */
    readonly before: readonly string[] | null;
    readonly after: readonly string[] | null;
  };
  readonly authentication: {
    /** What a login uses; null: there is no way in, and `obstacle` says why. */
    readonly mechanism: string | null;
    readonly obstacle: string | null;
    readonly loggedIn: boolean;
  };
  readonly pipelining: 'offered' | 'shown' | 'none' | null;
  /** Null: not logged in. */
  readonly uidl: UidlFacts | null;
  readonly messages: number | null;
  readonly bytes: number | null;
  readonly loginDelaySeconds: number | null;
  /** What kept us from logging in, or from a second session; null: nothing. */
  readonly error: RunResult['error'];
  /** Why it was not logged in on purpose; null: it was, or it was tried. */
  readonly withheld: 'busy' | 'tooSoon' | 'suspended' | null;
}

export interface ExamineOptions {
  /** Log in although the mailbox is suspended. */
  readonly force: boolean;
  /** Between the two sessions. */
  readonly pauseMs?: number;
}

type Seen = { -readonly [Key in keyof MailboxExamination]: MailboxExamination[Key] };

/**
 * Looks at a mailbox's server in two sessions: what it shows, how one logs in, and whether its UIDLs stay. Fetches,
 * deletes and sends nothing. Where a login is not advisable (a run is under way, the mailbox is suspended, its provider
 * takes none yet) it looks from outside.
 * @throws Failure `settings` for a mailbox that is not there or broken, `ledger`
 */
export async function examineMailbox(
  deps: LookDeps,
  id: string,
  { force, pauseMs = EXAMINATION_PAUSE_MS }: ExamineOptions,
): Promise<MailboxExamination> {
  const mailbox = lookedAt(await deps.settings.read(), id);
  const examination = new Examination(deps, mailbox, pauseMs);
  const look = await MailboxLook.begin(deps, mailbox);
  if (!(look instanceof MailboxLook)) {
    examination.withhold(look);
    return examination.fromOutside();
  }
  try {
    if (look.suspended === null || force) return await examination.fromInside(look);
    examination.seen.withheld = 'suspended';
    examination.fail('suspended', suspendedWords(id, look.suspended));
    return await examination.fromOutside();
  } finally {
    await look.end();
  }
}

class Examination implements SessionObserver {
  readonly #deps: LookDeps;
  readonly #mailbox: Mailbox;
  readonly #pauseMs: number;
  readonly #deadline: number;
  readonly seen: Seen;

  constructor(deps: LookDeps, mailbox: Mailbox, pauseMs: number) {
    this.#deps = deps;
    this.#pauseMs = pauseMs;
    this.#mailbox = mailbox;
    this.#deadline = deps.clock.now() + EXAMINATION_MS;
    const nothing = { tls: null, greeting: null, pipelining: null, uidl: null, messages: null };
    this.seen = {
      ...{ id: mailbox.id, server: `${mailbox.host}:${mailbox.port}`, ...nothing, bytes: null },
      capabilities: { before: null, after: null },
      authentication: { mechanism: null, obstacle: null, loggedIn: false },
      ...{ loginDelaySeconds: null, error: null, withheld: null },
    };
  }

  greeted(text: string): void {
    this.seen.greeting = text;
  }

  secured(facts: TlsFacts): void {
    this.seen.tls = facts;
  }

  offered({ capabilities, mechanism, obstacle, loginDelayMs }: ServerOffer): void {
    this.seen.capabilities = { ...this.seen.capabilities, before: capabilities };
    if (!this.seen.authentication.loggedIn) {
      this.seen.authentication = { mechanism, obstacle, loggedIn: false };
    }
    this.#demands(loginDelayMs);
  }

  withhold(obstacle: LookObstacle): void {
    this.seen.withheld = obstacle.kind;
    if (obstacle.kind === 'tooSoon') {
      this.seen.error = tooSoonResult(this.#mailbox.id, obstacle.until).error;
    }
  }

  fail(kind: NonNullable<RunResult['error']>['kind'], message: string): void {
    this.seen.error ??= { kind, message };
  }

  /** What can be seen without a login. */
  async fromOutside(): Promise<MailboxExamination> {
    await this.#probe(true).catch((error: unknown) => {
      const { kind, message } = asFailure(error);
      this.fail(kind, message);
    });
    await this.#lookAtCertificate();
    return this.seen;
  }

  async fromInside(look: MailboxLook): Promise<MailboxExamination> {
    try {
      const first = await this.#session(look, true);
      this.seen.uidl = uidlFacts(first, null);
      if (this.#mayReturn()) {
        await sleep(this.#pauseMs);
        this.seen.uidl = uidlFacts(first, await this.#session(look, false));
      }
    } catch (error) {
      const { kind, message } = asFailure(error);
      this.fail(kind, message);
    }
    await this.#lookAtCertificate();
    return this.seen;
  }

  async #session(look: MailboxLook, isFirst: boolean): Promise<Listing> {
    const maildrop = await look.open({
      deadline: this.#deadline,
      observer: this,
      // A server that breaks over the probe would cost one more login.
      pipelining: { mayProbe: isFirst, broke: () => undefined },
    });
    try {
      this.#inside(maildrop, isFirst);
      if (isFirst) {
        const after = await maildrop.askCapabilities();
        this.seen.capabilities = { ...this.seen.capabilities, after };
      }
      const listing = await maildrop.listing();
      this.seen.messages = listing.mails.length;
      this.seen.bytes = listing.mails.reduce((sum, { size }) => sum + size, 0);
      await maildrop.quit();
      return listing;
    } finally {
      maildrop.abandon();
    }
  }

  #inside(maildrop: ExaminedMaildrop, isFirst: boolean): void {
    const { mechanism, pipelining, loginDelayMs } = maildrop;
    this.seen.authentication = { mechanism, obstacle: null, loggedIn: true };
    if (isFirst) this.seen.pipelining = pipelining;
    this.#demands(loginDelayMs);
  }

  #demands(loginDelayMs: number | null): void {
    if (loginDelayMs !== null) this.seen.loginDelaySeconds = loginDelayMs / 1000;
  }

  /** A second login too soon would be refused, and some servers begin to count anew. */
  #mayReturn(): boolean {
    const { loginDelaySeconds } = this.seen;
    return (loginDelaySeconds ?? 0) === 0;
  }

  /** A certificate that was refused is still worth seeing: it tells why, and whether to pin it. */
  async #lookAtCertificate(): Promise<void> {
    if (this.seen.error?.kind !== 'tls' || this.#mailbox.tls === 'none') return;
    const { capabilities, authentication, greeting } = this.seen;
    await this.#probe(false).catch(() => undefined);
    // What somebody without a good certificate says beyond it is nobody's word.
    Object.assign(this.seen, { capabilities, authentication, greeting });
  }

  #probe(verify: boolean): Promise<void> {
    const { auth, allowCleartext, tls, oauth } = this.#mailbox;
    return this.#deps.opener.probe(
      this.#mailbox,
      {
        auth,
        cleartextAllowed: allowCleartext || tls === 'none',
        credential: oauth === null ? 'password' : 'token',
      },
      { deadline: this.#deadline, signal: new AbortController().signal, observer: this },
      verify,
    );
  }
}
