import { createHash } from 'node:crypto';

import type { Mailbox } from '../../shared/settings/settings.ts';

/**
 * Spreads mailboxes with the same period over it, so that not all providers are asked in the same second; the same
 * for a mailbox at every start. Milliseconds; 0 where the schedule is no period.
 */
export function scheduleOffset(mailbox: Mailbox): number {
  if (mailbox.schedule.kind !== 'every') return 0;
  const hash = createHash('sha256').update(mailbox.id).digest().readUInt32BE(0);
  return hash % mailbox.schedule.ms;
}
