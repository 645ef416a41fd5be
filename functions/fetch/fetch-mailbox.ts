import type { NewToken } from '../../shared/clock.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import type { RunResult } from '../../shared/ledger/mailbox-record.ts';
import { beginRun, endRun, renewLease } from '../../shared/ledger/mailbox-transitions.ts';
import { LEASE_HEARTBEAT_MS, LEASE_MS, RUN_CLOSING_MS } from '../../shared/limits.ts';
import type { MaildropOpener } from '../../shared/pop3/maildrop.ts';
import type { Mailbox, Secrets, Settings, SettingsSource } from '../../shared/settings/settings.ts';
import type { TakenMail } from './custody.ts';
import { nothingTaken, takeMail } from './take-mail.ts';
import type { TakeMailDeps, Taking } from './take-mail.ts';

export interface FetchDeps extends TakeMailDeps {
  readonly settings: SettingsSource;
  readonly secrets: Secrets;
  readonly mailboxes: MailboxLedger;
  readonly opener: MaildropOpener;
  readonly newToken: NewToken;
}

/** What ends a run from outside. */
export interface RunBounds {
  /** Shutdown: stop asking for more, take what is under way into custody, QUIT. */
  readonly closing: AbortSignal;
  /** The host's own end (Lambda's), milliseconds since the epoch; null: only `limits.runSeconds` counts. */
  readonly deadline: number | null;
}

export interface FetchOutcome {
  readonly result: RunResult;
  readonly taken: readonly TakenMail[];
}

/**
 * Fetches one mailbox once. Never throws for a fault of the mailbox, its server or its settings: that is the
 * result, recorded for `status`, and no other mailbox is touched by it (I7).
 * @throws Failure `ledger` or `store` when even the result could not be recorded
 */
export async function fetchMailbox(
  deps: FetchDeps,
  id: string,
  bounds: RunBounds,
): Promise<FetchOutcome> {
  const owner = deps.newToken();
  const now = deps.clock.now();
  const begun = await deps.mailboxes.change(id, beginRun({ owner, now, until: now + LEASE_MS }));
  if (begun === 'busy') return { result: plainResult('busy'), taken: [] };

  const lease = keepLease(deps, id, owner);
  const taking = nothingTaken();
  let result: RunResult;
  try {
    await runSession(deps, id, bounds, lease.lost, taking);
    result = resultOf(taking, null);
  } catch (error) {
    result = resultOf(taking, asFailure(error));
  } finally {
    await lease.stop();
  }
  report(deps, id, result);
  await deps.mailboxes.change(id, endRun(owner, result, deps.clock.now()));
  return { result, taken: taking.taken };
}

async function runSession(
  deps: FetchDeps,
  id: string,
  bounds: RunBounds,
  leaseLost: AbortSignal,
  taking: Taking,
): Promise<void> {
  const settings = await deps.settings.read();
  const mailbox = mailboxOf(settings, id);
  const { limits } = settings.general;
  const deadline = Math.min(deps.clock.now() + limits.runMs, bounds.deadline ?? Infinity);
  const password = await deps.secrets.read(mailbox.password);
  const closingTime = deadline - Math.min(RUN_CLOSING_MS, limits.runMs / 4);
  const more = () => !bounds.closing.aborted && deps.clock.now() < closingTime;

  const maildrop = await deps.opener.open(
    mailbox,
    {
      username: mailbox.username,
      secret: { kind: 'password', value: password },
      auth: mailbox.auth,
      cleartextAllowed: cleartextAllowed(mailbox),
    },
    { deadline, signal: leaseLost },
  );
  try {
    await takeMail(deps, maildrop, mailbox, limits, taking, more);
    await maildrop.quit();
  } finally {
    maildrop.abandon();
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

/** Settings allow `tls: none` only with `allowCleartext` or on loopback, so there it is decided already. */
function cleartextAllowed(mailbox: Mailbox): boolean {
  return mailbox.allowCleartext || mailbox.tls === 'none';
}

/** Renews the lease while the run lasts. `lost` fires when somebody else took it: the session ends at once. */
function keepLease(
  deps: FetchDeps,
  id: string,
  owner: string,
): { readonly lost: AbortSignal; stop(): Promise<void> } {
  const lost = new AbortController();
  let renewal: Promise<void> = Promise.resolve();
  const renew = async () => {
    try {
      const until = deps.clock.now() + LEASE_MS;
      if (!(await deps.mailboxes.change(id, renewLease(owner, until)))) lost.abort();
    } catch (error) {
      // One renewal may fail; the lease outlives three.
      deps.log.warn('lease not renewed', { mailbox: id, error: asFailure(error).message });
    }
  };
  const timer = setInterval(() => {
    renewal = renew();
  }, LEASE_HEARTBEAT_MS);
  return {
    lost: lost.signal,
    stop: () => {
      clearInterval(timer);
      return renewal;
    },
  };
}

function plainResult(status: RunResult['status']): RunResult {
  return { status, fetched: 0, bytes: 0, left: 0, error: null };
}

function resultOf(taking: Taking, failure: Failure | null): RunResult {
  const { fetched, bytes, left } = taking;
  if (failure !== null) {
    const error = { kind: failure.kind, message: failure.message };
    return { status: 'failed', fetched, bytes, left, error };
  }
  return { status: taking.cut ? 'partial' : 'ok', fetched, bytes, left, error: null };
}

function report(deps: FetchDeps, id: string, result: RunResult): void {
  const fields = {
    mailbox: id,
    status: result.status,
    fetched: result.fetched,
    bytes: result.bytes,
    left: result.left,
  };
  if (result.error === null) {
    deps.log.info('mailbox fetched', fields);
  } else {
    const { kind, message } = result.error;
    deps.log.warn('mailbox failed', { ...fields, kind, error: message });
  }
}
