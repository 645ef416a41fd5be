import type { Difference, DifferenceKind } from '../../shared/ledger/comparison-record.ts';
import type { FailedIndex, RetryLedger } from '../../shared/ledger/failed-ledger.ts';
import type { MessageLedger } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { hasFailedCopy, isFinal } from '../../shared/ledger/message-transitions.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Area, MailStore } from '../../shared/store/mail-store.ts';
import { rebuiltItem } from '../api/rebuilt-item.ts';
import { failureReport, isReportedBy } from '../deliver/failure-report.ts';
import { batches } from './batches.ts';

export interface FindDifferencesDeps {
  readonly store: MailStore;
  readonly messages: MessageLedger;
  readonly failed: FailedIndex;
  readonly retries: RetryLedger;
  readonly clock: Clock;
}

/** Reports read at once: enough to hide the round trip. */
const READ_AT_ONCE = 8;

/**
 * Compares what lies in `Failed/` with what the ledger says should lie there, both ways. Changes nothing. What is just
 * being worked on is passed over: a step in hand looks like one that died.
 * @param graceMs for how long nothing may have happened to a message before it counts
 */
export async function findDifferences(
  deps: FindDifferencesDeps,
  graceMs: number,
): Promise<readonly Difference[]> {
  const found: Difference[] = [];
  const add = (key: MessageKey, kind: DifferenceKind | null): void => {
    if (kind !== null) found.push({ message: formatKey(key), kind });
  };
  const retried = new Set((await deps.retries.underWay()).map(({ key }) => formatKey(key)));
  const copies = new Set<string>();
  for await (const batch of batches(deps.store.list('Failed'), READ_AT_ONCE)) {
    const items = await deps.messages.find(batch.map(({ key }) => key));
    await Promise.all(
      batch.map(async ({ key, storedAt }) => {
        const name = formatKey(key);
        copies.add(name);
        const known = { item: items.get(name) ?? null, storedAt, isRetried: retried.has(name) };
        add(key, await ofCopy(deps, key, known, graceMs));
      }),
    );
  }
  for await (const { key, storedAt } of deps.store.listReports()) {
    const name = formatKey(key);
    if (copies.has(name) || retried.has(name) || storedAt + graceMs > deps.clock.now()) continue;
    add(key, await ofReport(deps, key));
  }
  const told = new Set(found.map(({ message }) => message));
  for await (const batch of batches(deps.failed.all(), READ_AT_ONCE)) {
    const missing = batch.filter((key) => {
      const name = formatKey(key);
      return !copies.has(name) && !told.has(name);
    });
    const items = await deps.messages.find(missing);
    await Promise.all(
      missing.map(async (key) => {
        add(key, await ofItem(deps, key, items.get(formatKey(key)) ?? null, graceMs));
      }),
    );
  }
  return found;
}

interface KnownOfCopy {
  readonly item: MessageItem | null;
  readonly storedAt: number;
  /** It is among the retries under way: whatever is unfinished about it, the sweep finishes. */
  readonly isRetried: boolean;
}

async function ofCopy(
  deps: FindDifferencesDeps,
  key: MessageKey,
  { item, storedAt, isRetried }: KnownOfCopy,
  graceMs: number,
): Promise<DifferenceKind | null> {
  const now = deps.clock.now();
  if (isRetried || storedAt + graceMs > now) return null;
  if (item?.decision == null) return ofUnrecordedCopy(deps, key);
  if (!isSettled(item, now, graceMs)) return null;
  if (isFinal(item) && (await isReported(deps, key, item))) return null;
  if (!(await isInFailedAlone(deps, key))) return null;
  if (!isFinal(item)) return 'stalled';
  return hasFailedCopy(item) ? 'report' : 'leftover';
}

async function ofUnrecordedCopy(
  deps: FindDifferencesDeps,
  key: MessageKey,
): Promise<DifferenceKind | null> {
  if (!(await isInFailedAlone(deps, key))) return null;
  return rebuiltItem(await deps.store.report(key)) === null ? 'unknown' : 'forgotten';
}

/** In Incoming/ as well: it goes its way from there, and is finished. */
async function isInFailedAlone(deps: FindDifferencesDeps, key: MessageKey): Promise<boolean> {
  return (await areaOf(deps, key)) === 'Failed';
}

/** A copy has to lie there, and its report says why. */
async function isReported(
  { store, clock }: FindDifferencesDeps,
  key: MessageKey,
  item: MessageItem,
): Promise<boolean> {
  if (!hasFailedCopy(item)) return false;
  const stored = await store.report(key);
  // Only what differs with the item counts: neither size nor times of the copy.
  const metadata = { ...NO_METADATA, arrivedAt: item.arrivedAt };
  return isReportedBy(stored, failureReport(key, item, metadata, null, clock.now()));
}

const NO_METADATA = {
  ...{ uidlHash: null, size: 0, bodyDigest: '', eightBit: false, recipient: null },
};

/** A report whose copy was not listed. */
async function ofReport(
  deps: FindDifferencesDeps,
  key: MessageKey,
): Promise<DifferenceKind | null> {
  if ((await areaOf(deps, key)) !== null) return null;
  const item = (await deps.messages.find([key])).get(formatKey(key)) ?? null;
  if (item === null) return rebuiltItem(await deps.store.report(key)) === null ? 'orphan' : 'lost';
  if (!isFinal(item)) return null;
  return hasFailedCopy(item) ? 'lost' : 'orphan';
}

/** A message whose copy was not listed. */
async function ofItem(
  deps: FindDifferencesDeps,
  key: MessageKey,
  item: MessageItem | null,
  graceMs: number,
): Promise<DifferenceKind | null> {
  if (item === null || !isFinal(item) || !hasFailedCopy(item)) return null;
  if (!isSettled(item, deps.clock.now(), graceMs)) return null;
  // In Incoming/ it is still to be parked.
  return (await areaOf(deps, key)) === null ? 'lost' : null;
}

async function areaOf({ store }: FindDifferencesDeps, key: MessageKey): Promise<Area | null> {
  const opened = await store.open(key, 0);
  opened?.content.destroy();
  return opened?.area ?? null;
}

/** Nobody holds it, nothing of it is due later, and the last thing that happened to it is some time ago. */
function isSettled(item: MessageItem, now: number, graceMs: number): boolean {
  if (item.claim !== null && item.claim.until > now) return false;
  const replies = item.recipients.map(({ lastReply }) => lastReply?.at ?? 0);
  const { nextDue, endedAt, queuedAt, copyRemovedAt } = item;
  const last = Math.max(nextDue ?? 0, endedAt ?? 0, queuedAt, copyRemovedAt ?? 0, ...replies);
  return last + graceMs <= now;
}
