import type { Alerts } from './alerts.ts';
import type { LedgerTable } from './ledger-table.ts';
import type { MailStore } from './mail-store.ts';

/** What every capability of a stage builds on. */
export interface StageParts {
  readonly stage: string;
  /** Folder of the bundles, as `npm run bundle` makes them. */
  readonly bundles: string;
  readonly mailStore: MailStore;
  readonly ledger: LedgerTable;
  readonly alerts: Alerts;
}
