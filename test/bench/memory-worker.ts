import { createInterface } from 'node:readline';

import { fetchMailbox } from '../../functions/fetch/fetch-mailbox.ts';
import { openEmbedded, type Embedded } from '../../infra/local/embedded.ts';
import { runOnce } from '../../infra/local/run-once.ts';
import { useManyDiskThreads } from '../../manager/launch/disk-threads.js';
import { makeContext } from '../../manager/context.ts';
import { keepHeapTight } from '../../manager/tight-heap.ts';

/** Answers of this process, one JSON line each. */
export interface WorkerAnswer {
  readonly word: string;
  readonly ms: number;
  /** What the step did. */
  readonly done: string;
}

const never = new AbortController().signal;

/** One step of the connector. */
async function perform(embedded: Embedded, word: string): Promise<string> {
  const [step = '', mailbox = ''] = word.split(' ');
  if (step === 'fetch') {
    const { result } = await fetchMailbox(embedded.deps, mailbox, {
      closing: never,
      deadline: null,
    });
    if (result.status !== 'ok') throw new Error(result.error?.message ?? result.status);
    return `${result.fetched} messages`;
  }
  // Delivers all that lies in Incoming/; `mailbox` is an empty one.
  const { messages } = await runOnce(embedded, [mailbox], never);
  if (messages.failed + messages.deferred + messages.held > 0) {
    throw new Error(`not delivered: ${JSON.stringify(messages)}`);
  }
  return `${messages.carried} messages`;
}

/**
 * An embedded host that does one step after the other, as it is told on standard input, and rests in between, so that
 * somebody outside can see how much memory each takes.
 */
async function main([config = '', data = '', secrets = '']: readonly string[]): Promise<void> {
  const context = makeContext({ config, data, secrets });
  context.log.setLevel('error');
  const embedded = await openEmbedded(context.embedded);
  console.log(JSON.stringify({ word: 'open', ms: 0, done: '' } satisfies WorkerAnswer));
  for await (const word of createInterface({ input: process.stdin })) {
    const from = performance.now();
    const done = await perform(embedded, word);
    const ms = performance.now() - from;
    console.log(JSON.stringify({ word, ms, done } satisfies WorkerAnswer));
  }
  await embedded.close();
}

keepHeapTight();
useManyDiskThreads();
await main(process.argv.slice(2));
