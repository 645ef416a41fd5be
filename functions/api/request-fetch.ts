import type { Clock } from '../../shared/clock.ts';
import { Failure } from '../../shared/failure.ts';
import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import { requestFetch } from '../../shared/ledger/mailbox-transitions.ts';
import type { FetchJob, JobSender } from '../../shared/queue/job-queue.ts';
import type { SettingsSource } from '../../shared/settings/settings.ts';

export interface RequestFetchDeps {
  readonly settings: SettingsSource;
  readonly mailboxes: MailboxLedger;
  readonly fetchQueue: JobSender<FetchJob>;
  readonly clock: Clock;
}

/**
 * "Fetch now". The request is in the ledger before this resolves, so a job that gets lost is made again by the next
 * tick. A run under way does not count as the answer, since it may have listed before the mail came: the mailbox is
 * due again after it.
 * @param ids none: every mailbox of the configuration
 * @returns the ids asked for
 * @throws Failure `settings`, permanent, naming the ids that are not in the configuration
 */
export async function requestFetchNow(
  deps: RequestFetchDeps,
  ids: readonly string[],
): Promise<readonly string[]> {
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
  await Promise.all(asked.map((id) => deps.mailboxes.change(id, requestFetch(now))));
  await deps.fetchQueue.send(asked.map((mailbox) => ({ mailbox, queuedAt: now })));
  return asked;
}
