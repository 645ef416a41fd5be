import type { RetryLedger } from '../../shared/ledger/failed-ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { isFinal, needsFailedCopy } from '../../shared/ledger/message-transitions.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Area } from '../../shared/store/mail-store.ts';
import type { Metrics } from '../../shared/observe/metrics.ts';
import { failureReport, isReportedBy } from './failure-report.ts';
import type { ReportFailureDeps } from './report-failure.ts';

export interface FinishDeps extends ReportFailureDeps {
  readonly retries: RetryLedger;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Does what a message's state asks of the store. A recipient that failed: a copy in `Failed/`, confirmed, and people
 * told. Everybody at an end: the object leaves `Incoming/`, and only after that (I2). Everybody has it, and a copy may
 * lie in `Failed/` from before: it goes too. Repeated, it repeats itself: the names are the same. A message that is in
 * neither area any more was finished before, or somebody removed it.
 * @param transcript of the attempt that failed a recipient just now; null: the one that was written then stays
 */
export async function finishMessage(
  deps: FinishDeps,
  key: MessageKey,
  item: MessageItem,
  transcript: readonly string[] | null,
): Promise<void> {
  if (needsFailedCopy(item) && item.copyRemovedAt === null) {
    await finishFailed(deps, key, item, transcript);
  } else if (isFinal(item)) {
    await finishDelivered(deps, key, item);
  }
  const retriedAt = item.failure?.retriedAt ?? null;
  if (isFinal(item) && retriedAt !== null) await deps.retries.end(key, retriedAt);
}

async function finishFailed(
  deps: FinishDeps,
  key: MessageKey,
  item: MessageItem,
  transcript: readonly string[] | null,
): Promise<void> {
  const area = await park(deps, key, item, transcript);
  if (area === null) return;
  // Loaded when somebody fails, which is seldom: it would be a fiftieth of the function's start.
  const { reportFailure } = await import('./report-failure.ts');
  await reportFailure(deps, key, item);
  // What lies in Failed/ alone has left Incoming/ before.
  if (area === 'Failed' || !isFinal(item)) return;
  await deps.store.remove('Incoming', key);
  logFinished(deps, key, item);
}

async function finishDelivered(
  deps: FinishDeps,
  key: MessageKey,
  item: MessageItem,
): Promise<void> {
  await deps.store.remove('Incoming', key);
  if (item.failure !== null) await deps.store.remove('Failed', key);
  logFinished(deps, key, item);
}

function logFinished({ log }: FinishDeps, key: MessageKey, item: MessageItem): void {
  // At its usual end the reply to each recipient has been logged already; a second line a message is paid for on AWS.
  log[needsFailedCopy(item) ? 'info' : 'debug']('message finished', {
    message: formatKey(key),
    outcome: item.decision?.outcome,
    parked: needsFailedCopy(item),
  });
}

/** @returns where the message lay; null when it is in neither area */
async function park(
  deps: FinishDeps,
  key: MessageKey,
  item: MessageItem,
  transcript: readonly string[] | null,
): Promise<Area | null> {
  const opened = await deps.store.open(key, 0);
  opened?.content.destroy();
  if (opened === null) return null;
  const report = failureReport(key, item, opened.metadata, transcript, deps.clock.now());
  // A late job finds it as it is; a retry that failed again has something to add.
  if (opened.area === 'Failed' && transcript === null) {
    if (isReportedBy(await deps.store.report(key), report)) return 'Failed';
  }
  await deps.store.park(key, report);
  deps.log.warn('message parked in Failed/', {
    message: formatKey(key),
    reason: report.reason,
    explanation: report.explanation,
  });
  if (opened.area === 'Incoming') await deps.metrics.publish('Parked', 1);
  return opened.area;
}
