import { foldField } from '../mail/fold.ts';
import { dateTime } from '../mail/received.ts';
import type { DeliveryReport, ReportedRecipient } from './notice.ts';

/** The content of `message/delivery-status` (RFC 3464 section 2.1): fields of the message, then of each recipient. */
export function deliveryStatus(report: DeliveryReport, hostName: string): string {
  const message = [
    `Reporting-MTA: dns; ${hostName}`,
    `Arrival-Date: ${dateTime(report.arrivedAt)}`,
  ];
  const groups = [message, ...report.recipients.map(recipientFields)];
  return groups.map((fields) => `${fields.join('\r\n')}\r\n`).join('\r\n');
}

function recipientFields(one: ReportedRecipient): string[] {
  const { remote, reply, lastAttemptAt } = one;
  return [
    `Final-Recipient: ${addressOf(one.address)}`,
    'Action: failed',
    `Status: ${one.status}`,
    ...(remote === null ? [] : [`Remote-MTA: dns; ${plain(remote).replace(/:\d+$/, '')}`]),
    ...(reply === null
      ? []
      : [foldField('Diagnostic-Code', ['smtp;', ...plain(reply).split(' ').filter(isWord)])]),
    ...(lastAttemptAt === null ? [] : [`Last-Attempt-Date: ${dateTime(lastAttemptAt)}`]),
  ];
}

/** Beyond ASCII the form that 7-bit reports have for it: RFC 6533 section 3, utf-8-addr-xtext. */
function addressOf(address: string): string {
  if (/^[!-~ ]*$/.test(address)) return `rfc822; ${address}`;
  const escaped = Array.from(address, (char) =>
    /^[!-*,-<>-[\]-~]$/.test(char)
      ? char
      : `\\x{${(char.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
  return `utf-8; ${escaped.join('')}`;
}

/** What a server wrote must not open a line of its own. */
function plain(text: string): string {
  return text.replaceAll(/[^ -~]/g, '?');
}

function isWord(word: string): boolean {
  return word !== '';
}
