import { PRICES } from './price-table.ts';
import type { PriceName, Usage } from './price-table.ts';

export interface BillLine {
  readonly name: PriceName;
  readonly units: number;
  readonly dollars: number;
}

export interface Bill {
  /** Dearest first. */
  readonly lines: readonly BillLine[];
  readonly dollars: number;
}

/** @param free whether the units are taken off that an account has for nothing each month */
export function billOf(usage: Usage, free: 'list' | 'beyond what is free'): Bill {
  const lines = namesIn(usage).map((name): BillLine => {
    const { dollars, per, freeAMonth } = PRICES[name];
    const units = usage[name] ?? 0;
    const billed = free === 'list' ? units : Math.max(0, units - freeAMonth);
    return { name, units, dollars: (billed / per) * dollars };
  });
  return {
    lines: lines.toSorted((one, other) => other.dollars - one.dollars),
    dollars: lines.reduce((sum, { dollars }) => sum + dollars, 0),
  };
}

export function times(usage: Usage, factor: number): Usage {
  return Object.fromEntries(namesIn(usage).map((name) => [name, (usage[name] ?? 0) * factor]));
}

export function sum(...usages: readonly Usage[]): Usage {
  const all: Partial<Record<PriceName, number>> = {};
  for (const usage of usages) {
    for (const name of namesIn(usage)) all[name] = (all[name] ?? 0) + (usage[name] ?? 0);
  }
  return all;
}

function namesIn(usage: Usage): PriceName[] {
  return Object.keys(usage) as PriceName[];
}
