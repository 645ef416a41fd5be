import type { Clock } from '../../shared/clock.ts';
import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import type { FetchJob, JobSender } from '../../shared/queue/job-queue.ts';
import type { SettingsSource } from '../../shared/settings/settings.ts';
import { isMailboxDue } from './mailbox-due.ts';

export interface DispatchDeps {
  readonly settings: SettingsSource;
  readonly mailboxes: MailboxLedger;
  readonly fetchQueue: JobSender<FetchJob>;
  readonly clock: Clock;
}

/**
 * One tick: sees which mailboxes are due and puts one fetch job each on the queue. With no mailbox configured there
 * is nothing to do, and that is no error. A mailbox that is being fetched is left to that run.
 * @returns the ids that were queued
 */
export async function dispatch(deps: DispatchDeps): Promise<readonly string[]> {
  const settings = await deps.settings.read();
  const now = deps.clock.now();
  const due: string[] = [];
  for (const mailbox of settings.mailboxes.values()) {
    if (isMailboxDue(mailbox, await deps.mailboxes.read(mailbox.id), now)) due.push(mailbox.id);
  }
  await deps.fetchQueue.send(due.map((mailbox) => ({ mailbox, queuedAt: now })));
  return due;
}
