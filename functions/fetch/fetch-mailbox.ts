import type { NewToken, Random } from '../../shared/clock.ts';
import { asFailure, Failure } from '../../shared/failure.ts';
import type { MailboxRecord, RunResult } from '../../shared/ledger/mailbox-record.ts';
import { beginRun, closeRun, endRun } from '../../shared/ledger/mailbox-transitions.ts';
import type { BeginAnswer, RunEnd } from '../../shared/ledger/mailbox-transitions.ts';
import { LEASE_MS } from '../../shared/limits.ts';
import { connectionDigest } from '../../shared/settings/connection-digest.ts';
import type { Settings, SettingsSource } from '../../shared/settings/settings.ts';
import type { TakenMail } from './custody.ts';
import { holdLease } from './mailbox-lease.ts';
import type { OpenMailboxDeps } from './open-mailbox.ts';
import { ProgressMeter } from './progress-meter.ts';
import type { OnProgress } from './progress-meter.ts';
import { retryGapMs } from './retry-gap.ts';
import { RunSession } from './run-session.ts';
import { nothingTaken } from './maildrop-run.ts';
import type { TakeMailDeps, Taking } from './maildrop-run.ts';
import type { TellNewsDeps } from './tell-news.ts';
import { tooSoonResult } from './too-soon.ts';

export interface FetchDeps extends TakeMailDeps, OpenMailboxDeps, TellNewsDeps {
  readonly settings: SettingsSource;
  readonly newToken: NewToken;
  readonly random: Random;
  /** Keys the digests by which refused passwords are remembered. @throws Failure `secret` */
  readonly credentialsKey: () => Promise<Buffer>;
}

/** What ends a run from outside, and who follows it. */
export interface RunBounds {
  /** Shutdown: stop asking for more, take what is under way into custody, QUIT. */
  readonly closing: AbortSignal;
  /** The host's own end (Lambda's), milliseconds since the epoch; null: only `limits.runSeconds` counts. */
  readonly deadline: number | null;
  /** The run is for a job that was queued then: one that has begun since is its answer, and nothing is done. */
  readonly queuedAt?: number;
  readonly onProgress?: OnProgress;
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
  const settings = await deps.settings.read().catch(asFailure);
  const connection = connectionOf(settings, id);
  const owner = deps.newToken();
  const now = deps.clock.now();
  const until = now + LEASE_MS;
  const { queuedAt } = bounds;
  const start = { owner, now, until, connection, ...(queuedAt === undefined ? {} : { queuedAt }) };
  const begun = await deps.mailboxes.change(id, beginRun(start));
  if (begun.kind !== 'taken') return { result: resultWithout(id, begun), taken: [] };
  return runLeased(deps, { id, owner, settings, connection, record: begun.record }, bounds);
}

interface LeasedRun {
  readonly id: string;
  readonly owner: string;
  readonly settings: Settings | Failure;
  readonly connection: string | null;
  /** As it was before this run. */
  readonly record: MailboxRecord;
}

async function runLeased(
  deps: FetchDeps,
  run: LeasedRun,
  bounds: RunBounds,
): Promise<FetchOutcome> {
  const { id, owner } = run;
  const meter = new ProgressMeter({
    mailbox: id,
    clock: deps.clock,
    log: deps.log,
    onProgress: bounds.onProgress ?? null,
  });
  const lease = holdLease(deps, id, owner, () => meter.current);
  const session = new RunSession(deps, run.record, run.connection);
  const taking = nothingTaken();
  let failure: Failure | null = null;
  try {
    if (run.settings instanceof Failure) throw run.settings;
    const held = { owner, record: run.record, leaseLost: lease.lost };
    await session.run(run.settings, id, { ...bounds, ...held }, taking, meter);
  } catch (error) {
    failure = asFailure(error);
  } finally {
    await lease.stop();
  }
  const result = resultOf(taking, failure);
  report(deps, id, result);
  const end = {
    result,
    fault: failure === null ? null : await session.faultOf(failure),
    connection: run.connection,
    login: session.login,
    maildrop: session.maildrop,
    pipeliningBroke: session.pipeliningBroke,
    gapAfter: (failures: number) => retryGapMs(failures, deps.random),
  };
  await finish(deps, run, end);
  return { result, taken: taking.taken };
}

/** People are told before the run has ended, so that a crash in between is made good by the next run. */
async function finish(deps: FetchDeps, run: LeasedRun, end: Omit<RunEnd, 'now'>): Promise<void> {
  const { id, owner, settings } = run;
  const { news } = await deps.mailboxes.change(
    id,
    endRun(owner, { ...end, now: deps.clock.now() }),
  );
  if (news.length === 0) return;
  // Loaded when there is news, which is seldom.
  const { tellNews } = await import('./tell-news.ts');
  const told = await tellNews(deps, id, news, settings instanceof Failure ? null : settings);
  await deps.mailboxes.change(id, closeRun(owner, deps.clock.now(), told));
}

function connectionOf(settings: Settings | Failure, id: string): string | null {
  const mailbox = settings instanceof Failure ? undefined : settings.mailboxes.get(id);
  return mailbox === undefined ? null : connectionDigest(mailbox);
}

function resultWithout(id: string, begun: Exclude<BeginAnswer, { kind: 'taken' }>): RunResult {
  const nothing = { fetched: 0, bytes: 0, left: 0, error: null };
  if (begun.kind === 'answered') return begun.result ?? { status: 'busy', ...nothing };
  if (begun.kind === 'busy') return { status: 'busy', ...nothing };
  return tooSoonResult(id, begun.until);
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
    return;
  }
  const { kind, message } = result.error;
  // A suspended mailbox says so once, when it begins; each look at its password is no news.
  deps.log[kind === 'suspended' ? 'debug' : 'warn']('mailbox failed', {
    ...fields,
    kind,
    error: message,
  });
}
