import type { NewToken } from '../../../shared/clock.ts';
import { asFailure, Failure } from '../../../shared/failure.ts';
import type { LoginSeen } from '../../../shared/ledger/login-pace.ts';
import { beginRun, endLook } from '../../../shared/ledger/mailbox-transitions.ts';
import { isSuspended } from '../../../shared/ledger/mailbox-trouble.ts';
import type { RefusedPassword } from '../../../shared/ledger/mailbox-trouble.ts';
import { LEASE_MS } from '../../../shared/limits.ts';
import type {
  ExaminedMaildrop,
  MaildropExaminer,
  SessionLimits,
} from '../../../shared/pop3/maildrop.ts';
import { connectionDigest, credentialsDigest } from '../../../shared/settings/connection-digest.ts';
import type { Mailbox, Settings, SettingsSource } from '../../../shared/settings/settings.ts';
import { holdLease } from '../../fetch/mailbox-lease.ts';
import type { LeaseDeps } from '../../fetch/mailbox-lease.ts';
import { loginSecrets, openMailbox } from '../../fetch/open-mailbox.ts';
import type { OpenMailboxDeps } from '../../fetch/open-mailbox.ts';
import { isTooSoon } from '../../fetch/session-fault.ts';

export interface LookDeps extends LeaseDeps, OpenMailboxDeps<ExaminedMaildrop> {
  readonly settings: SettingsSource;
  readonly opener: MaildropExaminer;
  readonly newToken: NewToken;
  /** Keys the digests by which refused passwords are remembered. @throws Failure `secret` */
  readonly credentialsKey: () => Promise<Buffer>;
}

/** Why a look may not log in. */
export type LookObstacle =
  { readonly kind: 'busy' } | { readonly kind: 'tooSoon'; readonly until: number };

/**
 * Logs in to a mailbox under its lease and fetches nothing: no run begins meanwhile, and what the server demands
 * between two logins is remembered.
 */
export class MailboxLook {
  readonly #deps: LookDeps;
  readonly #mailbox: Mailbox;
  readonly #owner: string;
  readonly #lease: ReturnType<typeof holdLease>;
  readonly #logins: LoginSeen[] = [];
  #loggedIn = false;
  /** The mailbox is suspended for the very credentials that it has now. */
  readonly suspended: RefusedPassword | null;

  private constructor(
    deps: LookDeps,
    mailbox: Mailbox,
    owner: string,
    suspended: RefusedPassword | null,
  ) {
    this.#deps = deps;
    this.#mailbox = mailbox;
    this.#owner = owner;
    this.#lease = holdLease(deps, mailbox.id, owner, () => null);
    this.suspended = suspended;
  }

  /** Takes the lease, unless somebody has it or the server takes no login yet. */
  static async begin(deps: LookDeps, mailbox: Mailbox): Promise<MailboxLook | LookObstacle> {
    const owner = deps.newToken();
    const now = deps.clock.now();
    const begun = await deps.mailboxes.change(
      mailbox.id,
      beginRun({
        ...{ owner, now, until: now + LEASE_MS, purpose: 'look' },
        connection: connectionDigest(mailbox),
      }),
    );
    if (begun.kind === 'tooSoon') return begun;
    if (begun.kind !== 'taken') return { kind: 'busy' };
    const suspended = await suspensionOf(deps, mailbox, begun.record.trouble);
    return new MailboxLook(deps, mailbox, owner, suspended);
  }

  /** @throws Failure of the mailbox, its server or its settings */
  async open(limits: Omit<SessionLimits, 'signal'>): Promise<ExaminedMaildrop> {
    const { clock } = this.#deps;
    const bounds = { ...limits, signal: this.#lease.lost };
    try {
      const maildrop = await openMailbox(this.#deps, this.#mailbox, bounds);
      this.#loggedIn = true;
      this.#logins.push({ at: clock.now(), delayMs: maildrop.loginDelayMs, tooSoon: false });
      return maildrop;
    } catch (error) {
      const tooSoon = isTooSoon(asFailure(error));
      if (tooSoon) this.#logins.push({ at: clock.now(), delayMs: null, tooSoon });
      throw error;
    }
  }

  /** Gives the lease back. */
  async end(): Promise<void> {
    await this.#lease.stop();
    await this.#deps.mailboxes.change(
      this.#mailbox.id,
      endLook(this.#owner, {
        now: this.#deps.clock.now(),
        connection: connectionDigest(this.#mailbox),
        logins: this.#logins,
        loggedIn: this.#loggedIn,
      }),
    );
  }
}

/** @throws Failure `settings`, permanent, for a mailbox that is not there or broken */
export function lookedAt(settings: Settings, id: string): Mailbox {
  const mailbox = settings.mailboxes.get(id);
  if (mailbox !== undefined) return mailbox;
  const known = [...settings.mailboxes.keys()].join(', ');
  throw new Failure(
    'settings',
    'permanent',
    settings.broken.has(id)
      ? `mailbox ${id} is misconfigured; mailferry check says what is wrong`
      : `expected a mailbox of the configuration (${known}), got ${id}`,
  );
}

/** Where secret or key cannot be read, the login says so in its own words. */
async function suspensionOf(
  deps: LookDeps,
  mailbox: Mailbox,
  trouble: Parameters<typeof isSuspended>[0],
): Promise<RefusedPassword | null> {
  if (trouble?.refused?.suspendedAt == null) return null;
  try {
    const [key, secrets] = await Promise.all([deps.credentialsKey(), loginSecrets(deps, mailbox)]);
    return isSuspended(trouble, credentialsDigest(key, mailbox, secrets)) ? trouble.refused : null;
  } catch {
    return null;
  }
}
