import { summarise } from '../../functions/api/run-summary.ts';
import type { RunSummary } from '../../functions/api/run-summary.ts';
import { fetchMailbox } from '../../functions/fetch/fetch-mailbox.ts';
import type { FetchOutcome } from '../../functions/fetch/fetch-mailbox.ts';
import { sweep } from '../../functions/sweep/sweep.ts';
import { parseKey, formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Embedded } from './embedded.ts';
import { makeWorkers } from './workers.ts';
import type { Workers } from './workers.ts';

/** Mailboxes fetched at once in a single run. */
const MAILBOXES_AT_ONCE = 8;

/**
 * Fetches mailboxes once, whatever their schedule, carries on what earlier runs left open, drains all that is due
 * now, and counts. Never waits for a later retry.
 * @param ids none: every mailbox of the configuration
 * @param closing asks for no more mail and begins no more deliveries; what is under way is finished and counted, the
 * rest lies in `Incoming/` and counts as deferred
 */
export async function runOnce(
  embedded: Embedded,
  ids: readonly string[],
  closing: AbortSignal,
): Promise<RunSummary> {
  const { deps } = embedded;
  const openBefore = await openKeys(embedded);
  const workers = await makeWorkers(embedded, closing);
  // The folder's dead owner holds nothing any more: no grace.
  await sweep(deps, 0);
  workers.route.start();
  workers.deliver.start();
  const stop = async (): Promise<void> => {
    await workers.route.stop();
    await workers.deliver.stop();
  };
  const onClosing = (): void => void stop();
  closing.addEventListener('abort', onClosing, { once: true });
  try {
    const fetched = await fetchAll(embedded, await mailboxIds(embedded, ids), closing);
    await drain(embedded, workers, closing);
    // After a signal `idle` tells of deliveries that were not begun; those under way have their end to reach.
    if (closing.aborted) await stop();
    const names = new Set(openBefore);
    for (const { outcome } of fetched) {
      for (const { key } of outcome.taken) names.add(formatKey(key));
    }
    const items = await deps.messages.find(keysOf(names));
    return summarise({ openBefore, fetched, items });
  } finally {
    closing.removeEventListener('abort', onClosing);
    await stop();
  }
}

async function openKeys({ deps }: Embedded): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for await (const { key } of deps.store.list('Incoming')) keys.add(formatKey(key));
  return keys;
}

async function mailboxIds({ deps }: Embedded, ids: readonly string[]): Promise<readonly string[]> {
  if (ids.length > 0) return [...new Set(ids)];
  const settings = await deps.settings.read();
  return [...settings.mailboxes.keys(), ...settings.broken.keys()];
}

async function fetchAll(
  { deps }: Embedded,
  ids: readonly string[],
  closing: AbortSignal,
): Promise<{ id: string; outcome: FetchOutcome }[]> {
  const outcomes = new Map<string, FetchOutcome>();
  const queue = [...ids];
  const lane = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      outcomes.set(id, await fetchMailbox(deps, id, { closing, deadline: null }));
    }
  };
  await Promise.all(Array.from({ length: MAILBOXES_AT_ONCE }, lane));
  return ids.flatMap((id) => {
    const outcome = outcomes.get(id);
    return outcome === undefined ? [] : [{ id, outcome }];
  });
}

/** Until nothing is due: routing feeds delivery, and a delivery may ask for routing. */
async function drain(embedded: Embedded, workers: Workers, closing: AbortSignal): Promise<void> {
  for (;;) {
    await embedded.eventsSent();
    await workers.route.idle();
    await workers.deliver.idle();
    const [route, deliver] = await Promise.all([
      embedded.queues.route.depth(),
      embedded.queues.deliver.depth(),
    ]);
    if (closing.aborted || route.ready + deliver.ready === 0) return;
  }
}

function keysOf(names: Iterable<string>): MessageKey[] {
  return [...names].flatMap((name) => parseKey(name) ?? []);
}
