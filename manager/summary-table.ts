import type { RunSummary } from '../functions/api/run-summary.ts';
import { printJson, say, sayTable } from './output.ts';

/** What a single run did: one JSON document, or a table for people. */
export function printSummary(summary: RunSummary, asJson: boolean): void {
  if (asJson) {
    printJson(summary);
    return;
  }
  sayTable(
    ['mailbox', 'status', 'fetched', 'bytes', 'left', 'error'],
    summary.mailboxes.map((one) => [
      one.id,
      one.status,
      String(one.fetched),
      String(one.bytes),
      String(one.left),
      one.error === null ? '' : `${one.error.kind}: ${one.error.message}`,
    ]),
  );
  const counts = Object.entries(summary.messages).map(([what, count]) => `${what} ${count}`);
  say(`messages: ${counts.join(', ')}`);
}
