import { asFailure } from '../../shared/failure.ts';
import {
  endComparison,
  isComparisonDue,
  noteDifferences,
} from '../../shared/ledger/comparison-record.ts';
import type { Difference } from '../../shared/ledger/comparison-record.ts';
import type { ComparisonLedger } from '../../shared/ledger/failed-ledger.ts';
import { parseKey } from '../../shared/mail/message-key.ts';
import { noticeRecipient } from '../../shared/notice/notice-recipient.ts';
import { postNotice } from '../../shared/notice/post-notice.ts';
import type { NoticeDeps } from '../../shared/notice/post-notice.ts';
import type { Metrics } from '../../shared/observe/metrics.ts';
import type { SettingsSource } from '../../shared/settings/settings.ts';
import { differencesNotice } from './differences-notice.ts';
import { findDifferences } from './find-differences.ts';
import type { FindDifferencesDeps } from './find-differences.ts';
import { REPAIRS, repairDifference } from './repair-difference.ts';

export interface CompareFailedDeps extends FindDifferencesDeps, NoticeDeps {
  readonly comparisons: ComparisonLedger;
  readonly settings: SettingsSource;
  readonly metrics: Metrics;
}

/**
 * Once a day: compares `Failed/` and the ledger, repairs what differs, counts it, and tells people. What was found is
 * written down before it is repaired, so that a crash in between does not hide it.
 * @returns how many differences were found; null: it is not due
 */
export async function compareFailed(
  deps: CompareFailedDeps,
  graceMs: number,
): Promise<number | null> {
  const before = await deps.comparisons.read();
  if (!isComparisonDue(before, deps.clock.now())) return null;
  const found = await findDifferences(deps, graceMs);
  if (found.length === 0 && before?.underWay == null) {
    await deps.comparisons.change(endComparison(deps.clock.now()));
    return 0;
  }
  const noted = await deps.comparisons.change(noteDifferences(deps.clock.now(), found));
  for (const difference of found) await repair(deps, difference);
  if (noted.found.count > 0) await tell(deps, noted);
  await deps.comparisons.change(endComparison(deps.clock.now()));
  return noted.found.count;
}

/** What cannot be repaired now is found again at the next comparison, and stops no other. */
async function repair(deps: CompareFailedDeps, { message, kind }: Difference): Promise<void> {
  const key = parseKey(message);
  if (key === null) return;
  try {
    await repairDifference(deps, key, kind);
    deps.log.warn('difference repaired', { message, difference: kind, repair: REPAIRS[kind] });
  } catch (error) {
    const { message: fault } = asFailure(error);
    deps.log.error('difference not repaired', { message, difference: kind, error: fault });
  }
}

async function tell(
  deps: CompareFailedDeps,
  noted: Parameters<typeof differencesNotice>[0],
): Promise<void> {
  const { count } = noted.found;
  deps.log.error('Failed/ and the ledger differed', { count });
  await deps.metrics.publish('SweepDifferences', count);
  const to = noticeRecipient(await deps.settings.read(), null);
  if (to !== null) await postNotice(deps, differencesNotice(noted, to));
}
