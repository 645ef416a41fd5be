import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { visibilitySeconds } from '../../shared/queue/sqs-visibility.ts';

const HOUR = 3_600_000;

describe('the visibility of a job', () => {
  it.each([
    ['at once', 0, 0, 0],
    ['never earlier than wished for', 1, 0, 1],
    ['in whole seconds', 60_000, HOUR, 60],
    ['no longer than SQS allows', 5 * 24 * HOUR, 0, 43_190],
    ['counted from the receive', 12 * HOUR, 11 * HOUR, 3590],
    ['at once where its time is over', HOUR, 13 * HOUR, 0],
  ])('ends %s', (_, delayMs, sinceReceiveMs, seconds) => {
    expect(visibilitySeconds(delayMs, sinceReceiveMs)).toBe(seconds);
  });

  it('is one that SQS takes, whatever is wished for', () => {
    const ms = fc.integer({ min: 0, max: 10 ** 12 });
    fc.assert(
      fc.property(ms, ms, (delayMs, sinceReceiveMs) => {
        const seconds = visibilitySeconds(delayMs, sinceReceiveMs);
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds === 0 || seconds + sinceReceiveMs / 1000 <= 43_200).toBe(true);
      }),
    );
  });
});
