import { summarise } from '../../functions/api/run-summary.ts';
import type { RunSummary } from '../../functions/api/run-summary.ts';
import { fetchMailbox } from '../../functions/fetch/fetch-mailbox.ts';
import type { FetchOutcome } from '../../functions/fetch/fetch-mailbox.ts';
import { sweepHost } from '../../functions/sweep/sweep-host.ts';
import { tellCauses } from '../../functions/sweep/tell-causes.ts';
import { loginAllowedAt } from '../../shared/ledger/login-pace.ts';
import type { FetchProgress } from '../../shared/ledger/mailbox-record.ts';
import { parseKey, formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { connectionDigest } from '../../shared/settings/connection-digest.ts';
import { drain } from './drain.ts';
import type { Embedded } from './embedded.ts';
import { makeWorkers } from './workers.ts';

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
  onProgress: (mailbox: string, progress: FetchProgress) => void = () => undefined,
): Promise<RunSummary> {
  const { deps } = embedded;
  const openBefore = await openKeys(embedded);
  const workers = await makeWorkers(embedded, closing);
  // The folder's dead owner holds nothing any more: no grace.
  await sweepHost(deps, 0);
  workers.route.start();
  workers.deliver.start();
  const stop = async (): Promise<void> => {
    await workers.route.stop();
    await workers.deliver.stop();
  };
  const onClosing = (): void => void stop();
  closing.addEventListener('abort', onClosing, { once: true });
  try {
    const fetched = await fetchAll(embedded, await mailboxIds(embedded, ids), closing, onProgress);
    await drain(embedded, workers, closing);
    // Nobody may come by for hours; what failed for one cause is told now.
    if (!closing.aborted && (await tellCauses(deps, true)) > 0) {
      await drain(embedded, workers, closing);
    }
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

/** Also what is asked for meanwhile (`mailferry fetch`): nobody else would get to it. */
async function fetchAll(
  embedded: Embedded,
  ids: readonly string[],
  closing: AbortSignal,
  onProgress: (mailbox: string, progress: FetchProgress) => void,
): Promise<{ id: string; outcome: FetchOutcome }[]> {
  const outcomes = new Map<string, FetchOutcome>();
  let queue = [...ids];
  const lane = async (): Promise<void> => {
    for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
      const outcome = await fetchOne(embedded, id, closing, onProgress);
      outcomes.set(id, together(outcomes.get(id), outcome));
    }
  };
  while (queue.length > 0) {
    await Promise.all(Array.from({ length: MAILBOXES_AT_ONCE }, lane));
    queue = closing.aborted ? [] : await requestedSince(embedded);
  }
  // In the order asked, whoever ended first; then what was asked for meanwhile.
  return [...new Set([...ids, ...outcomes.keys()])].flatMap((id) => {
    const outcome = outcomes.get(id);
    return outcome === undefined ? [] : [{ id, outcome }];
  });
}

function fetchOne(
  embedded: Embedded,
  id: string,
  closing: AbortSignal,
  onProgress: (mailbox: string, progress: FetchProgress) => void,
): Promise<FetchOutcome> {
  return fetchMailbox(embedded.deps, id, {
    closing,
    deadline: null,
    onProgress: (progress) => {
      embedded.progress.set(id, progress);
      onProgress(id, progress);
    },
  }).finally(() => embedded.progress.delete(id));
}

/** Mailboxes with a request that no run has answered, and whose provider takes a login now. */
async function requestedSince({ deps }: Embedded): Promise<string[]> {
  const settings = await deps.settings.read();
  const now = deps.clock.now();
  const requested: string[] = [];
  for (const mailbox of settings.mailboxes.values()) {
    const record = await deps.mailboxes.read(mailbox.id);
    if (record?.requestedAt == null || record.requestedAt <= (record.lastStartedAt ?? 0)) continue;
    const allowedAt = loginAllowedAt(record, connectionDigest(mailbox), now);
    if (allowedAt === null || allowedAt <= now) requested.push(mailbox.id);
  }
  return requested;
}

/** Two runs of one mailbox count as one: all that was taken, and how it stands after the second. */
function together(first: FetchOutcome | undefined, second: FetchOutcome): FetchOutcome {
  if (first === undefined) return second;
  const fetched = first.result.fetched + second.result.fetched;
  const bytes = first.result.bytes + second.result.bytes;
  return {
    result: { ...second.result, fetched, bytes },
    taken: [...first.taken, ...second.taken],
  };
}

function keysOf(names: Iterable<string>): MessageKey[] {
  return [...names].flatMap((name) => parseKey(name) ?? []);
}
