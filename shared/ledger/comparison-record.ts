import { COMPARISON_LISTED, COMPARISON_MS } from '../limits.ts';
import type { Transition } from './ledger.ts';

/**
 * What the ledger keeps of the daily comparison of `Failed/` with itself: one record. Times are milliseconds since the
 * epoch.
 */
export interface ComparisonRecord {
  /** When the last one was over; null: none ever was. */
  readonly comparedAt: number | null;
  /** What the last one found, and repaired. */
  readonly last: Differences;
  /** One that found something and is not over: written down before anything is repaired. Null: none. */
  readonly underWay: { readonly since: number; readonly found: Differences } | null;
}

export interface Differences {
  readonly count: number;
  /** The first of them. */
  readonly listed: readonly Difference[];
}

export interface Difference {
  /** Formatted key. */
  readonly message: string;
  readonly kind: DifferenceKind;
}

/** How `Failed/` and the ledger differ over one message. */
export type DifferenceKind =
  /** A copy of a message that everybody has, or that somebody removed. */
  | 'leftover'
  /** A copy that the ledger knows nothing of, and whose report tells all of it. */
  | 'forgotten'
  /** A copy that neither the ledger nor a report tells of. */
  | 'unknown'
  /** A copy whose report is missing, or tells something else than the ledger. */
  | 'report'
  /** A report without a copy. */
  | 'orphan'
  /** A retry that nothing carries on. */
  | 'stalled'
  /** The ledger has it failed, and its copy is gone. */
  | 'lost';

export const NO_DIFFERENCES: Differences = { count: 0, listed: [] };

/** Whether a day has passed, or one that found something is not over. */
export function isComparisonDue(record: ComparisonRecord | null, now: number): boolean {
  const comparedAt = record?.comparedAt ?? null;
  if (comparedAt === null || record?.underWay != null) return true;
  return now - comparedAt >= COMPARISON_MS;
}

/** Writes down what was found; a second try after a crash adds what is not listed yet. */
export function noteDifferences(
  now: number,
  found: readonly Difference[],
): Transition<ComparisonRecord, { readonly since: number; readonly found: Differences }> {
  return (record) => {
    const before = record?.underWay ?? { since: now, found: NO_DIFFERENCES };
    const known = new Set(before.found.listed.map(({ message }) => message));
    const added = found.filter(({ message }) => !known.has(message));
    const underWay = {
      since: before.since,
      found: {
        count: before.found.count + added.length,
        listed: [...before.found.listed, ...added].slice(0, COMPARISON_LISTED),
      },
    };
    const { comparedAt = null, last = NO_DIFFERENCES } = record ?? {};
    return { store: { comparedAt, last, underWay }, answer: underWay };
  };
}

/** It is over: what was found is repaired, and told. */
export function endComparison(now: number): Transition<ComparisonRecord, null> {
  return (record) => ({
    store: { comparedAt: now, last: record?.underWay?.found ?? NO_DIFFERENCES, underWay: null },
    answer: null,
  });
}
