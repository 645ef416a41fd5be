import { hostname, userInfo } from 'node:os';
import { createInterface } from 'node:readline/promises';

import type { OrderResult } from '../../functions/api/order-result.ts';
import { withApi } from '../api-client.ts';
import { NOT_WELL, UsageError, WELL } from '../exit-status.ts';
import { selectionOf } from '../failed-selection.ts';
import type { SelectionOptions } from '../failed-selection.ts';
import { printJson, say, sayTable } from '../output.ts';
import { shortKey } from './failed-list.ts';

export interface RemoveOptions extends SelectionOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

interface RemoveAnswer {
  readonly messages: readonly OrderResult[];
}

/** `mailferry failed remove`: for good, so it asks first, or wants `--yes`. */
export async function removeFailedMail(
  keys: readonly string[],
  options: RemoveOptions,
): Promise<number> {
  const { dryRun = false } = options;
  const order = { ...selectionOf(keys, options, Date.now()), by: whoAsks() };
  const messages = await withApi(options, false, async (api) => {
    const ask = async (tries: boolean): Promise<readonly OrderResult[]> => {
      const body = { ...order, dryRun: tries };
      return ((await api.ask('POST', '/failed/remove', body)) as RemoveAnswer).messages;
    };
    if (dryRun) return ask(true);
    if (options.yes !== true) await confirm(await ask(true));
    return ask(false);
  });
  if (options.json === true) printJson({ dryRun, messages });
  else sayRemoved(messages, dryRun);
  return messages.some(({ outcome }) => outcome === 'refused') ? NOT_WELL : WELL;
}

/** @throws UsageError without a yes */
async function confirm(messages: readonly OrderResult[]): Promise<void> {
  const count = messages.filter(({ outcome }) => outcome === 'done').length;
  if (count === 0) return;
  if (!process.stdin.isTTY) {
    throw new UsageError(`expected --yes to remove ${inWords(count)} for good`);
  }
  sayRemoved(messages, true);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Remove ${inWords(count)} for good? [y/N] `);
    if (!/^y(?:es)?$/i.test(answer.trim())) throw new UsageError('nothing was removed');
  } finally {
    terminal.close();
  }
}

function inWords(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

/** Kept with the message's record. */
function whoAsks(): string {
  return `${userInfo().username}@${hostname()}`.slice(0, 200);
}

function sayRemoved(messages: readonly OrderResult[], dryRun: boolean): void {
  if (messages.length === 0) {
    say('No failed message fits.');
    return;
  }
  sayTable(
    ['message', 'not delivered to', 'outcome'],
    messages.map(({ key, recipients, why }) => [
      shortKey(key),
      recipients.join('\n'),
      why ?? (dryRun ? 'would be removed' : 'removed'),
    ]),
  );
}
