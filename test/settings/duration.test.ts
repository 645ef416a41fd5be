import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../shared/settings/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
  ])('reads %j as %d milliseconds', (written, ms) => {
    expect(parseDuration(written)).toBe(ms);
  });

  it.each([
    30,
    '30',
    '0s',
    '-5m',
    '1.5h',
    '5 m',
    '5M',
    '5min',
    'm',
    '',
    '5ms',
    '1h30m',
    null,
    undefined,
    ['5m'],
  ])('refuses %j', (written) => {
    expect(parseDuration(written)).toBeNull();
  });

  it('orders spans as the clock does', () => {
    const span = fc.tuple(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.constantFrom<[string, number]>(['s', 1], ['m', 60], ['h', 3600], ['d', 86_400]),
    );
    fc.assert(
      fc.property(span, span, ([a, [unitA, secondsA]], [b, [unitB, secondsB]]) => {
        const difference =
          (parseDuration(`${a}${unitA}`) ?? NaN) - (parseDuration(`${b}${unitB}`) ?? NaN);
        expect(difference).toBe((a * secondsA - b * secondsB) * 1000);
      }),
    );
  });

  it('reads nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!/^\d+[smhd]$/.test(text));
        expect(parseDuration(text)).toBeNull();
      }),
    );
  });
});
