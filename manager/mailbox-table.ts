import type { MailboxStatus } from '../functions/api/mailbox-status.ts';
import { printJson, sayTable } from './output.ts';

/** How fetched mailboxes stand: one JSON document, or a table for people. */
export function printMailboxes(mailboxes: readonly MailboxStatus[], asJson: boolean): void {
  if (asJson) {
    printJson({ mailboxes });
    return;
  }
  sayTable(
    ['mailbox', 'status', 'fetched', 'bytes', 'left', 'error'],
    mailboxes.map((one) => [
      one.id,
      one.status,
      String(one.fetched),
      String(one.bytes),
      String(one.left),
      one.error === null ? '' : `${one.error.kind}: ${one.error.message}`,
    ]),
  );
}
