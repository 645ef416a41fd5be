import type { TraceResult } from '../../functions/api/trace.ts';
import type { TracedMessage } from '../../functions/api/traced-message.ts';
import { withApi } from '../api-client.ts';
import type { CommonOptions } from '../context.ts';
import { NOT_WELL, WELL } from '../exit-status.ts';
import { printJson, say } from '../output.ts';
import { recipientLines } from '../recipient-lines.ts';

const WELL_STATES: ReadonlySet<TracedMessage['state']> = new Set(['sent', 'duplicate']);

/** `mailferry trace QUERY`: status 0 when something was found and everybody has it. */
export async function traceMail(query: string, options: CommonOptions): Promise<number> {
  const asked = new URLSearchParams({ query }).toString();
  const result = await withApi(
    options,
    false,
    async (api) => (await api.ask('GET', `/messages?${asked}`)) as TraceResult,
  );
  if (options.json === true) printJson(result);
  else sayResult(query, result);
  const { messages } = result;
  return messages.length > 0 && messages.every(({ state }) => WELL_STATES.has(state))
    ? WELL
    : NOT_WELL;
}

function sayResult(query: string, { messages, more }: TraceResult): void {
  if (messages.length === 0) {
    say(
      `No message is known by ${query}. What was not fetched yet, or was forgotten, is not known.`,
    );
    return;
  }
  for (const message of messages) say(...linesOf(message), '');
  if (more) say('There are more; ask by Message-ID or key.');
}

function linesOf(message: TracedMessage): string[] {
  const { mailFrom, removed, stored } = message;
  const lines: readonly (readonly [string, string | null])[] = [
    ['Message-ID', message.messageId],
    ['from', mailFrom === '' ? '<> (null sender)' : mailFrom],
    ['mailbox', message.mailbox],
    ['fetched at', message.arrivedAt],
    ['routed at', message.decidedAt],
    ['decision', message.outcome],
    ['warning', message.warnings.length === 0 ? null : message.warnings.join('; ')],
    ['tried next at', message.nextDue],
    ['ended at', message.endedAt],
    ['tried again by order at', message.retriedAt],
    ['people told of the failure at', message.noticedAt],
    ['removed', removed === null ? null : `by ${removed.by} at ${removed.at}`],
    ['lies in', stored === null ? null : `${stored}/${message.key}.eml`],
  ];
  return [
    `${message.key}: ${message.state}`,
    ...lines.flatMap(([name, text]) => (text === null ? [] : [`  ${name}: ${text}`])),
    ...recipientLines(message.recipients).map((line) => `  ${line}`),
  ];
}
