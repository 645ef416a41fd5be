import type { Clock } from '../../shared/clock.ts';
import { asFailure } from '../../shared/failure.ts';
import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import type { FetchProgress } from '../../shared/ledger/mailbox-record.ts';
import { renewLease } from '../../shared/ledger/mailbox-transitions.ts';
import { LEASE_HEARTBEAT_MS, LEASE_MS } from '../../shared/limits.ts';
import type { Log } from '../../shared/observe/log.ts';

export interface LeaseDeps {
  readonly mailboxes: MailboxLedger;
  readonly clock: Clock;
  readonly log: Log;
}

export interface HeldLease {
  /** Fires when somebody else took it: the session ends at once. */
  readonly lost: AbortSignal;
  /** Renews no more; resolves when no renewal is under way. */
  stop(): Promise<void>;
}

/**
 * Renews a lease that was taken while the session lasts.
 * @param progress is written along, since a heartbeat is a write in any case
 */
export function holdLease(
  deps: LeaseDeps,
  mailbox: string,
  owner: string,
  progress: () => FetchProgress | null,
): HeldLease {
  const lost = new AbortController();
  let renewal: Promise<void> = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      const until = deps.clock.now() + LEASE_MS;
      const renewed = renewLease(owner, until, progress() ?? undefined);
      if (!(await deps.mailboxes.change(mailbox, renewed))) lost.abort();
    } catch (error) {
      // One renewal may fail; the lease outlives three.
      deps.log.warn('lease not renewed', { mailbox, error: asFailure(error).message });
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
