import type { FailedEntry } from '../../functions/api/failed-entry.ts';
import type { ShownFailure } from '../../functions/api/show-failed.ts';
import { withApi } from '../api-client.ts';
import type { CommonOptions } from '../context.ts';
import { NOT_WELL, WELL } from '../exit-status.ts';
import { selectionOf } from '../failed-selection.ts';
import type { SelectionOptions } from '../failed-selection.ts';
import { printJson, say, sayTable } from '../output.ts';
import { recipientLines } from '../recipient-lines.ts';

/** Digits of a key that a table shows: enough to name the message by. */
const SHOWN_DIGITS = 12;

/** `mailferry failed list`: status 1 while anything lies there. */
export async function listFailedMail(options: SelectionOptions): Promise<number> {
  const { mailbox, since, reason } = selectionOf([], options, Date.now());
  const asked = Object.entries({ mailbox, since, reason }).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as [string, string]],
  );
  const query = new URLSearchParams(asked).toString();
  const { messages } = await withApi(options, false, async (api) => {
    // The same program answers at the other end.
    return (await api.ask('GET', `/failed?${query}`)) as { messages: readonly FailedEntry[] };
  });
  if (options.json === true) printJson({ messages });
  else sayEntries(messages);
  return messages.length === 0 ? WELL : NOT_WELL;
}

/** `mailferry failed show KEY`. */
export async function showFailedMail(key: string, options: CommonOptions): Promise<number> {
  const path = `/failed/${key.split('/').map(encodeURIComponent).join('/')}`;
  const shown = await withApi(
    options,
    false,
    async (api) => (await api.ask('GET', path)) as ShownFailure,
  );
  if (options.json === true) printJson(shown);
  else sayShown(shown);
  return WELL;
}

export function shortKey(key: string): string {
  const slash = key.lastIndexOf('/');
  return key.slice(0, slash + 1 + SHOWN_DIGITS);
}

function sayEntries(entries: readonly FailedEntry[]): void {
  if (entries.length === 0) {
    say('Nothing lies in Failed/.');
    return;
  }
  sayTable(
    ['message', 'failed at', 'from', 'state', 'why'],
    entries.map((entry) => [
      shortKey(entry.key),
      entry.failedAt,
      senderOf(entry),
      entry.state,
      entry.explanation,
    ]),
  );
  say('mailferry failed show MESSAGE tells more; mailferry failed retry MESSAGE tries it again.');
}

function sayShown(shown: ShownFailure): void {
  const { header } = shown;
  const lines = [
    ['Message', shown.key],
    ['State', shown.state + (shown.reason === null ? '' : ` (${shown.reason})`)],
    ['Why', shown.explanation],
    ['From', header.from],
    ['To', header.to],
    ['Subject', header.subject],
    ['Date', header.date],
    ['Message-ID', shown.messageId],
    ['Size', shown.size === null ? 'the copy is gone' : `${shown.size} octets`],
    ['Envelope sender', senderOf(shown)],
    ['Arrived at', shown.arrivedAt],
    ['Failed at', shown.failedAt],
    ['Tried next at', shown.nextDue],
  ];
  say(...lines.flatMap(([name, text]) => (text == null ? [] : [`${name ?? ''}: ${text}`])));
  say('', 'Recipients:', ...recipientLines(shown.recipients).map((line) => `  ${line}`));
  if (shown.transcript === null) return;
  say('', 'The session in which it was refused:', ...shown.transcript.map((line) => `  ${line}`));
}

function senderOf({ mailFrom }: FailedEntry): string {
  return mailFrom === '' ? '<>' : (mailFrom ?? '');
}
