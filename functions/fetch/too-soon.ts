import type { RunResult } from '../../shared/ledger/mailbox-record.ts';

/** The result where the provider takes no login yet, and none was tried. */
export function tooSoonResult(mailbox: string, until: number): RunResult {
  const at = new Date(until).toISOString();
  const message = `mailbox ${mailbox}: its provider takes no login before ${at} (LOGIN-DELAY); nothing was fetched`;
  return { status: 'failed', fetched: 0, bytes: 0, left: 0, error: { kind: 'login', message } };
}
