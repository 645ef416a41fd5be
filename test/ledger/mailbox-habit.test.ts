import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { habitAfterRun, silenceLimit } from '../../shared/ledger/mailbox-habit.ts';
import type { Heard } from '../../shared/ledger/mailbox-habit.ts';
import type { RunResult } from '../../shared/ledger/mailbox-record.ts';
import type { MailboxNews } from '../../shared/ledger/mailbox-trouble.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5);

const EMPTY: RunResult = { status: 'ok', fetched: 0, bytes: 0, left: 0, error: null };
const MAIL: RunResult = { ...EMPTY, fetched: 1, bytes: 100 };
const FAILED: RunResult = {
  ...EMPTY,
  status: 'failed',
  error: { kind: 'connect', message: 'refused' },
};

/** A mailbox that is run every hour; what people are told, and when. */
class Played {
  known: Heard = { habit: null, lastMailAt: null, lastSuccessAt: null };
  now = START;
  readonly told: MailboxNews[] = [];

  run(result: RunResult): void {
    const { habit, news } = habitAfterRun(this.known, result, this.now);
    if (news !== null) this.told.push(news);
    const { lastMailAt, lastSuccessAt } = this.known;
    this.known = {
      habit,
      lastMailAt: result.fetched > 0 ? this.now : lastMailAt,
      lastSuccessAt: result.error === null ? this.now : lastSuccessAt,
    };
  }

  /** @returns this, so many hours of runs later */
  hours(count: number, result = EMPTY): this {
    for (let hour = 0; hour < count; hour += 1) {
      this.now += HOUR;
      this.run(result);
    }
    return this;
  }

  /** A run with mail, then runs without for so many hours in all. */
  mailEvery(hours: number, times: number): this {
    for (let time = 0; time < times; time += 1) this.hours(1, MAIL).hours(hours - 1);
    return this;
  }

  limit(): number | null {
    const { habit } = this.known;
    return habit === null ? null : silenceLimit(habit, this.now);
  }

  kinds(): string[] {
    return this.told.map(({ kind }) => kind);
  }
}

describe('the habit of a mailbox', () => {
  it('is not known before there was mail, nor with few silences, nor within two weeks', () => {
    expect(new Played().hours(24 * 400).told).toEqual([]);
    expect(new Played().mailEvery(48, 9).hours(24 * 400).told).toEqual([]);
    // A working week of mail, then the first weekend.
    expect(new Played().mailEvery(1, 5 * 24).hours(64).told).toEqual([]);
  });

  it('tells of a silence three times as long as the longest of late, once', () => {
    const played = new Played().mailEvery(48, 12);
    const last = played.known.lastMailAt ?? 0;
    played.hours(3 * 48 - 48);
    expect(played.told).toEqual([]);
    played.hours(24 * 30);
    expect(played.told).toMatchObject([{ kind: 'silent', since: last, usualMs: 48 * HOUR }]);
    expect((played.told[0]?.at ?? 0) - last).toBe(3 * 48 * HOUR);
  });

  it('tells of nothing that is shorter than a day, however lively the mailbox', () => {
    const played = new Played().mailEvery(1, 24 * 20).hours(23);
    expect(played.told).toEqual([]);
    expect(played.hours(1).kinds()).toEqual(['silent']);
  });

  it('tells once when mail comes again, and of the next silence again', () => {
    const played = new Played()
      .mailEvery(24, 20)
      .hours(24 * 10)
      .mailEvery(24, 20);
    expect(played.kinds()).toEqual(['silent', 'heard']);
    expect(played.hours(24 * 10).kinds()).toEqual(['silent', 'heard', 'silent']);
  });

  it('bears weekends: a silence that is usual is none', () => {
    const played = new Played();
    for (let week = 0; week < 20; week += 1) played.mailEvery(1, 5 * 24).hours(2 * 24);
    expect(played.told).toEqual([]);
  });

  it('learns that a mailbox has become quieter, and forgets a holiday', () => {
    const quieter = new Played().mailEvery(24, 30);
    quieter.mailEvery(24 * 6, 30);
    expect(quieter.kinds().length).toBeLessThanOrEqual(4);
    expect(quieter.kinds().at(-1)).toBe('heard');
    const holiday = new Played()
      .mailEvery(24, 30)
      .hours(24 * 2)
      .mailEvery(24, 70);
    expect(holiday.limit()).toBe(3 * 24 * HOUR);
  });

  it('takes a time in which nobody looked for no silence', () => {
    const played = new Played().mailEvery(24, 20);
    played.now += 60 * DAY;
    played.run(MAIL);
    expect(played.told).toEqual([]);
    expect(played.limit()).toBe(3 * 24 * HOUR);
  });

  it('knows nothing of a mailbox that is run once a week', () => {
    const played = new Played();
    for (let week = 0; week < 30; week += 1) {
      played.now += 7 * DAY;
      played.run(week < 25 ? MAIL : EMPTY);
    }
    expect(played.told).toEqual([]);
  });

  it('says nothing while runs fail: that is told as another trouble', () => {
    const played = new Played().mailEvery(24, 20).hours(24 * 30, FAILED);
    expect(played.told).toEqual([]);
    expect(played.hours(1).kinds()).toEqual(['silent']);
  });

  it('tells in turn, silent first, whatever happens', () => {
    const results = fc.array(fc.tuple(fc.constantFrom(MAIL, EMPTY, FAILED), fc.nat(400)), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(results, (runs) => {
        const played = new Played().mailEvery(24, 20);
        for (const [result, hours] of runs) {
          played.now += hours * HOUR;
          played.run(result);
        }
        const kinds = played.kinds();
        expect(kinds).toEqual(kinds.map((_, at) => (at % 2 === 0 ? 'silent' : 'heard')));
      }),
    );
  });
});
