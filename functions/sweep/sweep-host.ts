import { asFailure } from '../../shared/failure.ts';
import { OLD_MAIL_MS } from '../../shared/limits.ts';
import { compareFailed } from './compare-failed.ts';
import type { CompareFailedDeps } from './compare-failed.ts';
import { sweep } from './sweep.ts';
import type { SweepDeps, SweepResult } from './sweep.ts';

export interface SweepHostDeps extends SweepDeps, CompareFailedDeps {}

export interface HostSweepResult extends SweepResult {
  /** Between `Failed/` and the ledger; null: they were not compared. */
  readonly differences: number | null;
}

/**
 * What a host does every quarter of an hour: the sweep, the age of the oldest open message for whoever watches it, and
 * once a day the comparison.
 * @param graceMs as for {@link sweep}
 */
export async function sweepHost(deps: SweepHostDeps, graceMs: number): Promise<HostSweepResult> {
  const swept = await sweep(deps, graceMs);
  const { oldestAt } = swept;
  const age = oldestAt === null ? 0 : Math.max(0, deps.clock.now() - oldestAt);
  if (age > OLD_MAIL_MS) {
    const oldestAt = new Date(deps.clock.now() - age).toISOString();
    deps.log.warn('old mail is still on its way', { open: swept.open, oldestAt });
  }
  await deps.metrics.publish('OldestOpenSeconds', Math.round(age / 1000));
  return { ...swept, differences: await compare(deps, graceMs) };
}

/** The sweep proper is done by then, and a comparison that failed is still due. */
async function compare(deps: SweepHostDeps, graceMs: number): Promise<number | null> {
  try {
    return await compareFailed(deps, graceMs);
  } catch (error) {
    const { kind, message } = asFailure(error);
    deps.log.error('Failed/ and the ledger not compared', { kind, error: message });
    return null;
  }
}
