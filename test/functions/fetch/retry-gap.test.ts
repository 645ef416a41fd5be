import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { retryGapMs } from '../../../functions/fetch/retry-gap.ts';

const MINUTE = 60_000;

describe('the pause after failed runs', () => {
  test('doubles, up to an hour', () => {
    const gaps = [1, 2, 3, 4, 5, 6, 7, 1000].map((failures) => retryGapMs(failures, () => 0));
    expect(gaps.map((gap) => gap / MINUTE)).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test('is shortened by chance, by a fifth at most, and never above an hour', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, chance) => {
          const longest = retryGapMs(n, () => 0);
          const gap = retryGapMs(n, () => chance);
          expect(gap).toBeLessThanOrEqual(Math.min(longest, 60 * MINUTE));
          expect(gap).toBeGreaterThanOrEqual(0.8 * longest - 1);
        },
      ),
    );
  });
});
