import type { MaildropAccount } from './uidl-record.ts';

/** When a run began and ended, by the clock of the function that made it. Milliseconds since the epoch. */
export interface RunTimes {
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Port: which messages a run took, told afterwards from what the ledger keeps anyway. */
export interface TakenMailSource {
  /**
   * The sha256 of the message behind each UIDL that was recorded between these times, both included: twice what had
   * two. Nothing of a server without UIDL: its mail is recorded under its bytes alone.
   */
  takenIn(account: MaildropAccount, run: RunTimes): Promise<readonly string[]>;
}
