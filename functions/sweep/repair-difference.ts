import type { DifferenceKind } from '../../shared/ledger/comparison-record.ts';
import { markRemoved, restoreItem } from '../../shared/ledger/failed-transitions.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { decideOnce, hasFailedCopy, isFinal } from '../../shared/ledger/message-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { heldDecision } from '../../shared/routing/held.ts';
import { rebuiltItem } from '../api/rebuilt-item.ts';
import { failureReport } from '../deliver/failure-report.ts';
import type { FindDifferencesDeps } from './find-differences.ts';

/** What is done about each kind of difference, in words for the log and a notice. */
export const REPAIRS: Readonly<Record<DifferenceKind, string>> = {
  leftover: 'the copy in Failed/ of a message that needs none any more was removed',
  forgotten: 'the ledger had lost the message; its record was made again from the report',
  unknown: 'nothing told of this message in Failed/; it is held there now, with a report',
  report: 'the report in Failed/ was missing or outdated; it was written again',
  orphan: 'a report in Failed/ without its message was removed',
  stalled: 'a retry that nothing carried on goes on',
  lost: 'the copy in Failed/ is gone; the message is marked as removed',
};

/**
 * Puts one difference right. The state is looked at again, since somebody may have put it right meanwhile: each step is
 * one that may run twice, and none removes the last trace of a message.
 */
export async function repairDifference(
  deps: FindDifferencesDeps,
  key: MessageKey,
  kind: DifferenceKind,
): Promise<void> {
  await PUTTING_RIGHT[kind](deps, key);
}

type Putting = (deps: FindDifferencesDeps, key: MessageKey) => Promise<void>;

const PUTTING_RIGHT: Readonly<Record<DifferenceKind, Putting>> = {
  leftover: removeLeftover,
  forgotten: rebuild,
  unknown: hold,
  report: reportAgain,
  orphan: removeOrphan,
  stalled: goOn,
  lost: giveUp,
};

async function removeLeftover(deps: FindDifferencesDeps, key: MessageKey): Promise<void> {
  const item = await itemOf(deps, key);
  if (item !== null && isFinal(item) && !hasFailedCopy(item))
    await deps.store.remove('Failed', key);
}

async function reportAgain(deps: FindDifferencesDeps, key: MessageKey): Promise<void> {
  const item = await itemOf(deps, key);
  if (item !== null && hasFailedCopy(item)) await writeReport(deps, key, item);
}

async function removeOrphan(deps: FindDifferencesDeps, key: MessageKey): Promise<void> {
  if (await isGone(deps, key)) await deps.store.remove('Failed', key);
}

/** From here on the sweep sees it among the retries. */
async function goOn(deps: FindDifferencesDeps, key: MessageKey): Promise<void> {
  const item = await itemOf(deps, key);
  await deps.retries.begin(key, item?.failure?.retriedAt ?? deps.clock.now());
}

async function itemOf(deps: FindDifferencesDeps, key: MessageKey): Promise<MessageItem | null> {
  return (await deps.messages.find([key])).get(formatKey(key)) ?? null;
}

async function rebuild(deps: FindDifferencesDeps, key: MessageKey): Promise<void> {
  const rebuilt = rebuiltItem(await deps.store.report(key));
  if (rebuilt === null) return;
  // Somebody still waited when it was parked, and it lies in no other place.
  if (!isFinal(rebuilt)) await deps.retries.begin(key, deps.clock.now());
  await deps.messages.change(key, restoreItem(rebuilt));
}

/** Held: "failed list" shows it, and "failed retry --rules current" carries it. */
async function hold(deps: FindDifferencesDeps, key: MessageKey): Promise<void> {
  const arrived = await metadataOf(deps, key);
  if (arrived === null) return;
  const { decision } = heldDecision(WARNING);
  const times = { arrivedAt: arrived.arrivedAt, now: deps.clock.now() };
  const item = await deps.messages.change(key, decideOnce(decision, new Set(), times));
  if (hasFailedCopy(item)) await writeReport(deps, key, item);
}

const WARNING = 'found in Failed/ without a record in the ledger and without a report';

async function writeReport(
  deps: FindDifferencesDeps,
  key: MessageKey,
  item: MessageItem,
): Promise<void> {
  const metadata = await metadataOf(deps, key);
  if (metadata === null) return;
  const parkedAt = item.endedAt ?? deps.clock.now();
  await deps.store.park(key, failureReport(key, item, metadata, null, parkedAt));
}

/** Nobody can deliver it any more: it counts as removed, and is forgotten in time. */
async function giveUp(deps: FindDifferencesDeps, key: MessageKey): Promise<void> {
  if (!(await isGone(deps, key))) return;
  const now = deps.clock.now();
  const rebuilt = rebuiltItem(await deps.store.report(key));
  await deps.messages.change(key, markRemoved({ now, rebuilt, by: 'the sweep' }));
  await deps.store.remove('Failed', key);
}

async function isGone(deps: FindDifferencesDeps, key: MessageKey): Promise<boolean> {
  return (await metadataOf(deps, key)) === null;
}

async function metadataOf({ store }: FindDifferencesDeps, key: MessageKey) {
  const opened = await store.open(key, 0);
  opened?.content.destroy();
  return opened?.metadata ?? null;
}
