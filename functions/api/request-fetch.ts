import type { Clock } from '../../shared/clock.ts';
import { Failure } from '../../shared/failure.ts';
import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import { requestFetch } from '../../shared/ledger/mailbox-transitions.ts';
import type { RequestAnswer } from '../../shared/ledger/mailbox-transitions.ts';
import type { FetchJob, JobSender } from '../../shared/queue/job-queue.ts';
import { connectionDigest } from '../../shared/settings/connection-digest.ts';
import type { SettingsSource } from '../../shared/settings/settings.ts';

export interface RequestFetchDeps {
  readonly settings: SettingsSource;
  readonly mailboxes: MailboxLedger;
  readonly fetchQueue: JobSender<FetchJob>;
  readonly clock: Clock;
}

export interface RequestedFetch {
  readonly mailbox: string;
  readonly answer: RequestAnswer;
}

/**
 * "Fetch now". A run under way is joined: its result is the answer. Else the request is in the ledger before this
 * resolves, so a job that gets lost is made again by the next tick.
 * @param ids none: every mailbox of the configuration
 * @returns which run answers, for each of those asked for
 * @throws Failure `settings`, permanent, naming the ids that are not in the configuration
 */
export async function requestFetchNow(
  deps: RequestFetchDeps,
  ids: readonly string[],
): Promise<readonly RequestedFetch[]> {
  const settings = await deps.settings.read();
  const known = [...settings.mailboxes.keys(), ...settings.broken.keys()];
  const unknown = ids.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    throw new Failure(
      'settings',
      'permanent',
      `expected mailboxes of the configuration (${known.join(', ')}), got ${unknown.join(', ')}`,
    );
  }
  const asked = ids.length > 0 ? [...new Set(ids)] : known;
  const now = deps.clock.now();
  const requested = await Promise.all(
    asked.map(async (mailbox): Promise<RequestedFetch> => {
      const entry = settings.mailboxes.get(mailbox);
      const connection = entry === undefined ? null : connectionDigest(entry);
      const answer = await deps.mailboxes.change(mailbox, requestFetch(now, connection));
      return { mailbox, answer };
    }),
  );
  const noted = requested.filter(({ answer }) => answer.kind === 'noted');
  await deps.fetchQueue.send(noted.map(({ mailbox }) => ({ mailbox, queuedAt: now })));
  return requested;
}

/** What is known of a mailbox's last run. Milliseconds since the epoch. */
export interface LastRun {
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Somebody holds its lease. */
  readonly isBusy: boolean;
}

/**
 * Whether the run that answers a request has ended. It is told by its start, which is another one than before, and not
 * by its time: the clocks of two machines are no order. A run that died has a start and no end: it is made good by the
 * next tick, and that one is waited for.
 */
export function isAnswered(
  { startedAt, endedAt, isBusy }: LastRun,
  answer: RequestAnswer,
): boolean {
  if (answer.kind === 'tooSoon') return true;
  if (answer.kind === 'noted' && startedAt === answer.startedBefore) return false;
  return !isBusy && startedAt !== null && endedAt !== null && endedAt >= startedAt;
}
