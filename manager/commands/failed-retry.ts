import { setTimeout as pause } from 'node:timers/promises';

import type { OrderResult } from '../../functions/api/order-result.ts';
import type { TraceResult } from '../../functions/api/trace.ts';
import type { TracedMessage } from '../../functions/api/traced-message.ts';
import { withApi } from '../api-client.ts';
import type { ApiClient } from '../api-client.ts';
import { NOT_WELL, UsageError, WELL } from '../exit-status.ts';
import { selectionOf } from '../failed-selection.ts';
import type { SelectionOptions } from '../failed-selection.ts';
import { printJson, say, sayTable } from '../output.ts';
import { shortKey } from './failed-list.ts';

export interface RetryOptions extends SelectionOptions {
  readonly dryRun?: boolean;
  readonly rules?: string;
  /** Commander's form of `--no-wait`. */
  readonly wait?: boolean;
}

/** What became of one message of the order; `state` as `trace` tells it, null where nobody waited for it. */
interface RetriedMessage extends OrderResult {
  readonly state: TracedMessage['state'] | null;
}

/** How often and how long the outcome is waited for where somebody else delivers. Milliseconds. */
const POLL_MS = { connector: 250, folder: 0, deployment: 2000 } as const;
const PATIENCE_MS = { connector: 60_000, folder: 0, deployment: 120_000 } as const;
const WELL_STATES: ReadonlySet<TracedMessage['state'] | null> = new Set([
  'sent',
  'duplicate',
  null,
]);

/** `mailferry failed retry`: resets, delivers or has it delivered, and says what became of it. */
export async function retryFailedMail(
  keys: readonly string[],
  options: RetryOptions,
): Promise<number> {
  const { rules = 'kept', dryRun = false } = options;
  if (rules !== 'kept' && rules !== 'current') {
    throw new UsageError(`--rules: expected current or kept, got ${rules}`);
  }
  const order = { ...selectionOf(keys, options, Date.now()), rules, dryRun };
  const messages = await withApi(options, !dryRun, async (api) => {
    const answer = (await api.ask('POST', '/failed/retry', order)) as {
      messages: readonly OrderResult[];
    };
    if (dryRun || options.wait === false) return withoutState(answer.messages);
    await api.carry();
    return withStates(api, answer.messages);
  });
  if (options.json === true) printJson({ dryRun, messages });
  else sayRetried(messages, dryRun);
  return messages.every(isWell) ? WELL : NOT_WELL;
}

function isWell({ outcome, state }: RetriedMessage): boolean {
  return outcome !== 'refused' && WELL_STATES.has(state);
}

function withoutState(results: readonly OrderResult[]): readonly RetriedMessage[] {
  return results.map((result) => ({ ...result, state: null }));
}

/** Waits until each has an outcome, with the patience that fits who delivers. */
async function withStates(
  api: ApiClient,
  results: readonly OrderResult[],
): Promise<readonly RetriedMessage[]> {
  const states = new Map<string, TracedMessage>();
  const until = Date.now() + PATIENCE_MS[api.where];
  for (;;) {
    for (const { key, outcome } of results) {
      if (outcome === 'refused' || states.get(key)?.settled === true) continue;
      const traced = await traceKey(api, key);
      if (traced !== null) states.set(key, traced);
    }
    const isOpen = results.some(
      ({ key, outcome }) => outcome !== 'refused' && states.get(key)?.settled === false,
    );
    if (!isOpen || Date.now() >= until) break;
    await pause(POLL_MS[api.where]);
  }
  return results.map((result) => ({ ...result, state: states.get(result.key)?.state ?? null }));
}

async function traceKey(api: ApiClient, key: string): Promise<TracedMessage | null> {
  const query = new URLSearchParams({ query: key }).toString();
  const { messages } = (await api.ask('GET', `/messages?${query}`)) as TraceResult;
  return messages[0] ?? null;
}

function sayRetried(messages: readonly RetriedMessage[], dryRun: boolean): void {
  if (messages.length === 0) {
    say('No failed message fits.');
    return;
  }
  sayTable(
    ['message', dryRun ? 'would be sent to' : 'sent again to', 'outcome'],
    messages.map(({ key, recipients, why, state }) => [
      shortKey(key),
      recipients.join('\n'),
      why ?? state ?? (dryRun ? 'would be tried again' : 'is tried again'),
    ]),
  );
}
