import { asFailure, Failure } from '../../shared/failure.ts';
import type { LoginSeen } from '../../shared/ledger/login-pace.ts';
import type { MaildropMemory } from '../../shared/ledger/maildrop-memory.ts';
import type { MailboxRecord } from '../../shared/ledger/mailbox-record.ts';
import { mayProbePipelining } from '../../shared/ledger/mailbox-transitions.ts';
import { isSuspended, suspendedWords } from '../../shared/ledger/mailbox-trouble.ts';
import type { SessionFault, Trouble } from '../../shared/ledger/mailbox-trouble.ts';
import { RUN_CLOSING_MS } from '../../shared/limits.ts';
import type { Maildrop } from '../../shared/pop3/maildrop.ts';
import { credentialsDigest } from '../../shared/settings/connection-digest.ts';
import type { Mailbox, Settings } from '../../shared/settings/settings.ts';
import type { FetchDeps, RunBounds } from './fetch-mailbox.ts';
import { loginSecrets, openMailbox } from './open-mailbox.ts';
import type { ProgressMeter } from './progress-meter.ts';
import { faultKindOf, isTooSoon } from './session-fault.ts';
import type { Taking } from './maildrop-run.ts';
import { MaildropRunner } from './run-maildrop.ts';

/** Whose lease the run holds, and what the record said before. */
interface HeldLease {
  readonly owner: string;
  readonly record: MailboxRecord;
  readonly leaseLost: AbortSignal;
}

/** The sessions of one run, and what they learned about the login. */
export class RunSession {
  readonly #deps: FetchDeps;
  readonly #trouble: Trouble | null;
  readonly #mayProbe: boolean;
  #used: { readonly mailbox: Mailbox; readonly secrets: readonly string[] } | null = null;
  /** Null until a server was asked to let us in, and answered. */
  login: LoginSeen | null = null;
  /** What has to be kept of the maildrop; null: nothing was looked at, and what was known stands. */
  maildrop: MaildropMemory | null = null;
  /** Whether the server broke over commands that it had not said it takes together. */
  pipeliningBroke = false;

  /**
   * @param record what was known of the mailbox before
   * @param connection `connectionDigest` of its settings; null: they cannot be had
   */
  constructor(deps: FetchDeps, record: MailboxRecord, connection: string | null) {
    this.#deps = deps;
    this.#trouble = record.trouble;
    this.#mayProbe = mayProbePipelining(record, connection, deps.clock.now());
  }

  /** @throws Failure of the mailbox, its server or its settings */
  async run(
    settings: Settings,
    id: string,
    bounds: RunBounds & HeldLease,
    taking: Taking,
    meter: ProgressMeter,
  ): Promise<void> {
    const { clock } = this.#deps;
    const mailbox = mailboxOf(settings, id);
    const { limits } = settings.general;
    const deadline = Math.min(clock.now() + limits.runMs, bounds.deadline ?? Infinity);
    this.#used = { mailbox, secrets: await loginSecrets(this.#deps, mailbox) };
    await this.#refuseSuspended(mailbox);
    const closingTime = deadline - Math.min(RUN_CLOSING_MS, limits.runMs / 4);
    const more = () => !bounds.closing.aborted && clock.now() < closingTime;

    const { owner, record, leaseLost } = bounds;
    const deps = { ...this.#deps, meter };
    const runner = new MaildropRunner(deps, {
      ...{ settings, mailbox, owner, record, taking, more, leaseLost },
    });
    try {
      await runner.run(() => this.#open(mailbox, deadline, leaseLost));
    } finally {
      this.maildrop = runner.memory;
    }
  }

  /** What a failure of this session says of the mailbox. */
  async faultOf(failure: Failure): Promise<SessionFault> {
    const kind = faultKindOf(failure);
    if (kind !== 'password') return { kind, credentials: null };
    try {
      return { kind, credentials: await this.#credentials() };
    } catch (error) {
      // Remembered as any other failure: the mailbox backs off, and is not suspended.
      const { message } = asFailure(error);
      this.#deps.log.error('refused password not counted', { error: message });
      return { kind: 'server', credentials: null };
    }
  }

  async #open(mailbox: Mailbox, deadline: number, signal: AbortSignal): Promise<Maildrop> {
    const { clock } = this.#deps;
    try {
      const maildrop = await openMailbox(this.#deps, mailbox, {
        deadline,
        signal,
        pipelining: {
          mayProbe: this.#mayProbe && !this.pipeliningBroke,
          broke: () => {
            this.pipeliningBroke = true;
          },
        },
      });
      this.login = { at: clock.now(), delayMs: maildrop.loginDelayMs, tooSoon: false };
      return maildrop;
    } catch (error) {
      if (isTooSoon(asFailure(error))) {
        this.login = { at: clock.now(), delayMs: null, tooSoon: true };
      }
      throw error;
    }
  }

  /** Only a look at the secret can tell whether it was changed, so it is looked at here, before any connection. */
  async #refuseSuspended({ id }: Mailbox): Promise<void> {
    const refused = this.#trouble?.refused;
    if (refused?.suspendedAt == null) return;
    const credentials = await this.#credentials();
    if (!isSuspended(this.#trouble, credentials)) return;
    throw new Failure('suspended', 'permanent', suspendedWords(id, refused));
  }

  async #credentials(): Promise<string> {
    const { credentialsKey } = this.#deps;
    if (this.#used === null) {
      throw new Failure('internal', 'permanent', 'expected credentials that were used, got none');
    }
    const { mailbox, secrets } = this.#used;
    return credentialsDigest(await credentialsKey(), mailbox, secrets);
  }
}

function mailboxOf(settings: Settings, id: string): Mailbox {
  const mailbox = settings.mailboxes.get(id);
  if (mailbox !== undefined) return mailbox;
  const problems = settings.broken.get(id);
  if (problems === undefined) {
    throw new Failure('settings', 'permanent', `mailbox ${id}: not in the configuration`);
  }
  const words = problems.map((one) => `${one.path}: expected ${one.expected}, got ${one.got}`);
  throw new Failure('settings', 'permanent', `mailbox ${id} is misconfigured: ${words.join('; ')}`);
}
