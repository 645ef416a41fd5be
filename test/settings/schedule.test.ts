import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDue, parseSchedule } from '../../shared/settings/schedule.ts';
import type { Schedule } from '../../shared/settings/schedule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function schedule(text: string): Schedule {
  const parsed = parseSchedule(text);
  if (parsed === null) throw new Error(`no schedule: ${text}`);
  return parsed;
}

const at = (text: string): number => Date.parse(text);

describe('parseSchedule', () => {
  it.each<[string, Schedule]>([
    ['every 5m', { kind: 'every', ms: 5 * MINUTE }],
    ['every 2h', { kind: 'every', ms: 2 * HOUR }],
    ['every 168h', { kind: 'every', ms: 168 * HOUR }],
    ['never', { kind: 'never' }],
    ['cron 0 7 * * *', { kind: 'cron', expression: '0 7 * * *', zone: null }],
    [
      'cron */10 7-19 * * 1-5 Europe/Berlin',
      { kind: 'cron', expression: '*/10 7-19 * * 1-5', zone: 'Europe/Berlin' },
    ],
  ])('reads %j', (written, expected) => {
    expect(parseSchedule(written)).toEqual(expected);
  });

  it.each([
    'every 0m',
    'every 5s',
    'every 1d',
    'every 169h',
    'every -5m',
    'every 5 m',
    'every',
    '5m',
    'Never',
    'cron',
    'cron * * * *',
    'cron 61 * * * *',
    'cron * * * * * Nowhere/Land',
    'cron 0 0 7 * * * Europe/Berlin',
    'cron @daily',
    'cron 0 0 30 2 *',
    '',
    5,
    null,
  ])('refuses %j', (written) => {
    expect(parseSchedule(written)).toBeNull();
  });
});

describe('isDue', () => {
  it('is due at once when it never ran, but for "never"', () => {
    expect(isDue(schedule('every 168h'), null, 0, 0)).toBe(true);
    expect(isDue(schedule('cron 0 7 * * *'), null, 0, 0)).toBe(true);
    expect(isDue(schedule('never'), null, 0, 0)).toBe(false);
    expect(isDue(schedule('never'), 0, 1e12, 0)).toBe(false);
  });

  it('follows the grid of the period and not the end of the last run', () => {
    const every = schedule('every 5m');
    expect(isDue(every, 7 * MINUTE, 10 * MINUTE - 1, 0)).toBe(false);
    expect(isDue(every, 7 * MINUTE, 10 * MINUTE, 0)).toBe(true);
    expect(isDue(every, 10 * MINUTE, 10 * MINUTE, 0)).toBe(false);
  });

  it('shifts the grid by the offset', () => {
    const every = schedule('every 5m');
    expect(isDue(every, 7 * MINUTE, 10 * MINUTE, 2 * MINUTE)).toBe(false);
    expect(isDue(every, 7 * MINUTE, 12 * MINUTE - 1, 2 * MINUTE)).toBe(false);
    expect(isDue(every, 7 * MINUTE - 1, 12 * MINUTE, 2 * MINUTE)).toBe(true);
  });

  it('makes one run of many that were missed', () => {
    const every = schedule('every 1m');
    const now = at('2026-03-02T12:00:30Z');
    expect(isDue(every, at('2026-01-01T00:00:00Z'), now, 0)).toBe(true);
    expect(isDue(every, now, now + 1000, 0)).toBe(false);
  });

  it('runs a cron schedule at the times of its zone', () => {
    const cron = schedule('cron */10 7-19 * * 1-5 Europe/Berlin');
    // Monday 19:50 in Berlin, the last time of the day; next is Tuesday 7:00, which is 6:00 UTC in winter.
    const lastOfMonday = at('2026-03-02T18:50:00Z');
    expect(isDue(cron, at('2026-03-02T18:49:59Z'), lastOfMonday, 0)).toBe(true);
    expect(isDue(cron, lastOfMonday + 300, at('2026-03-03T05:59:59Z'), 0)).toBe(false);
    expect(isDue(cron, lastOfMonday + 300, at('2026-03-03T06:00:00Z'), 0)).toBe(true);
  });

  it('moves with summer time', () => {
    const cron = schedule('cron 0 7 * * * Europe/Berlin');
    const ranInWinter = at('2026-03-28T06:00:00Z');
    expect(isDue(cron, ranInWinter, at('2026-03-29T04:59:00Z'), 0)).toBe(false);
    expect(isDue(cron, ranInWinter, at('2026-03-29T05:00:00Z'), 0)).toBe(true);
  });

  /** The first five times at or after `from`, by a look each minute, as a tick has it. */
  function timesFrom(text: string, from: string, count: number): string[] {
    const cron = schedule(text);
    let last = at(from);
    const runs: string[] = [];
    for (let now = last; runs.length < count; now += MINUTE) {
      if (!isDue(cron, last, now, 0)) continue;
      last = now;
      runs.push(new Date(now).toISOString().slice(5, 16));
    }
    return runs;
  }

  it('runs a time that the clocks skip at the end of the gap, and one that comes twice once', () => {
    const text = 'cron 30 2 * * * Europe/Berlin';
    expect(timesFrom(text, '2026-03-28T00:00:00Z', 3)).toEqual([
      ...['03-28T01:30', '03-29T01:00', '03-30T00:30'],
    ]);
    expect(timesFrom(text, '2026-10-24T12:00:00Z', 2)).toEqual(['10-25T00:30', '10-26T01:30']);
  });

  it('runs through an hour that comes twice', () => {
    const text = 'cron */30 * * * * America/New_York';
    expect(timesFrom(text, '2026-11-01T04:45:00Z', 6)).toEqual([
      ...['11-01T05:00', '11-01T05:30', '11-01T06:00', '11-01T06:30', '11-01T07:00', '11-01T07:30'],
    ]);
  });

  it('means UTC where no zone is named', () => {
    const cron = schedule('cron 0 7 * * *');
    expect(isDue(cron, at('2026-07-01T07:00:00Z'), at('2026-07-02T06:59:59Z'), 0)).toBe(false);
    expect(isDue(cron, at('2026-07-01T07:00:00Z'), at('2026-07-02T07:00:00Z'), 0)).toBe(true);
  });

  it('does not wait for a start that a wrong clock recorded in the future', () => {
    const now = at('2026-03-02T12:00:00Z');
    expect(isDue(schedule('every 5m'), at('2031-01-01T00:00:00Z'), now, 0)).toBe(true);
    expect(isDue(schedule('every 5m'), now + 2000, now, 0)).toBe(false);
  });

  it('is due once in each period, whatever the offset', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 0, max: 200 * MINUTE }),
        fc.integer({ min: 0, max: 2 ** 41 }),
        (minutes, offset, start) => {
          const every: Schedule = { kind: 'every', ms: minutes * MINUTE };
          const due = Array.from({ length: minutes }, (_, tick) => start + (tick + 1) * MINUTE);
          expect(due.filter((now) => isDue(every, start, now, offset)).length).toBeGreaterThan(0);
          let last = start;
          let runs = 0;
          for (const now of due) {
            if (!isDue(every, last, now, offset)) continue;
            last = now;
            runs += 1;
          }
          expect(runs).toBe(1);
        },
      ),
    );
  });
});
