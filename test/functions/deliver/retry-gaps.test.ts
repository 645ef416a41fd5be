import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { nextAttempt } from '../../../functions/deliver/retry-gaps.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FAR = Number.MAX_SAFE_INTEGER;

describe('nextAttempt', () => {
  test.each([
    ...[[0, MINUTE] as const, [1, 5 * MINUTE] as const, [2, 15 * MINUTE] as const],
    ...[[3, 30 * MINUTE] as const, [4, HOUR] as const, [5, 2 * HOUR] as const],
    ...[[6, 4 * HOUR] as const, [7, 8 * HOUR] as const, [8, 12 * HOUR] as const],
    ...[[9, 12 * HOUR] as const, [1000, 12 * HOUR] as const],
  ])('after %i deferrals the gap is %i ms in the middle of its spread', (deferrals, gap) => {
    expect(nextAttempt(deferrals, 1000, FAR, 0.5)).toBe(1000 + gap);
  });

  test('the spread is a tenth to either side', () => {
    expect(nextAttempt(4, 0, FAR, 0)).toBe(0.9 * HOUR);
    expect(nextAttempt(4, 0, FAR, 0.999_999)).toBeCloseTo(1.1 * HOUR, -2);
  });

  test('the last attempt lies at the end, and never less than a minute away', () => {
    expect(nextAttempt(8, 0, 3 * HOUR, 0.5)).toBe(3 * HOUR);
    expect(nextAttempt(8, 0, 10, 0.5)).toBe(MINUTE);
  });

  test('always in the future, never far beyond the end or half a day', () => {
    const times = fc.record({
      deferrals: fc.nat(50),
      now: fc.nat(10 ** 12),
      left: fc.integer({ min: -HOUR, max: 100 * HOUR }),
      chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(times, ({ deferrals, now, left, chance }) => {
        const at = nextAttempt(deferrals, now, now + left, chance);
        expect(at).toBeGreaterThanOrEqual(now + MINUTE);
        expect(at).toBeLessThanOrEqual(now + Math.max(MINUTE, Math.min(left, 13.2 * HOUR)));
      }),
    );
  });
});
