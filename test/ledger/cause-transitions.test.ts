import { describe, expect, it } from 'vitest';

import type { CauseRecord } from '../../shared/ledger/cause-record.ts';
import {
  beginTelling,
  endTelling,
  isOver,
  noteFailure,
} from '../../shared/ledger/cause-transitions.ts';
import type { Transition } from '../../shared/ledger/ledger.ts';
import { CAUSE_LISTED, CAUSE_WINDOW_MS } from '../../shared/limits.ts';

const START = 1_000_000;

describe('failures of one cause', () => {
  let record: CauseRecord | null = null;

  function apply<Answer>(transition: Transition<CauseRecord, Answer>): Answer {
    const { store, answer } = transition(record);
    if (store !== null) record = store;
    return answer;
  }

  function fail(number: number, at = START + number) {
    return apply(
      noteFailure({ to: 'admin@corp.example', words: 'refused', message: `sales/${number}`, at }),
    );
  }

  function failTimes(count: number): void {
    record = null;
    for (let number = 0; number < count; number += 1) fail(number);
  }

  it('are told one by one at first, and the last of these says that the next come together', () => {
    record = null;
    expect([0, 1, 2, 3, 4].map((number) => fail(number))).toEqual([
      { kind: 'single', last: false },
      { kind: 'single', last: false },
      { kind: 'single', last: true },
      { kind: 'together' },
      { kind: 'together' },
    ]);
  });

  it('get the same answer again, and count once', () => {
    failTimes(5);
    const before = record;
    expect(fail(1)).toEqual({ kind: 'single', last: false });
    expect(fail(4)).toEqual({ kind: 'together' });
    expect(record).toEqual(before);
    // While they are being told, too.
    apply(beginTelling(START, true));
    const telling = record;
    expect(fail(4)).toEqual({ kind: 'together' });
    expect(record).toEqual(telling);
  });

  it('are told together when the window is over, and not before', () => {
    failTimes(5);
    expect(apply(beginTelling(START + CAUSE_WINDOW_MS - 1, false))).toBeNull();
    const told = apply(beginTelling(START + CAUSE_WINDOW_MS, false));
    expect(told?.telling).toEqual({
      failures: [`sales/3 ${START + 3}`, `sales/4 ${START + 4}`],
      count: 2,
      firstAt: START + 3,
      lastAt: START + 4,
    });
    // The process died: the same is told again.
    fail(5);
    expect(apply(beginTelling(START + CAUSE_WINDOW_MS, false))?.telling).toEqual(told?.telling);
    apply(endTelling(0));
    expect(record).toMatchObject({ telling: null, told: 1, further: { count: 1 } });
    // A second end of the first does not end the next one.
    apply(beginTelling(START + CAUSE_WINDOW_MS, false));
    apply(endTelling(0));
    expect(record).toMatchObject({ telling: { count: 1 } });
  });

  it('tell nothing when there is nothing to tell', () => {
    failTimes(3);
    expect(apply(beginTelling(START + CAUSE_WINDOW_MS, true))).toBeNull();
    record = null;
    expect(apply(beginTelling(START, true))).toBeNull();
    expect(apply(endTelling(0))).toBeNull();
  });

  it('begin anew after a window of which all is told', () => {
    failTimes(4);
    const later = START + CAUSE_WINDOW_MS;
    // Not told yet: it joins those that wait.
    expect(fail(9, later)).toEqual({ kind: 'together' });
    apply(beginTelling(later, false));
    apply(endTelling(0));
    expect(record).not.toBeNull();
    if (record !== null) expect(isOver(record, later)).toBe(true);
    expect(fail(10, later + 1)).toEqual({ kind: 'single', last: false });
    expect(record).toMatchObject({ since: later + 1, told: 0 });
  });

  it('stay together within a window whose first summary is out', () => {
    failTimes(4);
    apply(beginTelling(START, true));
    apply(endTelling(0));
    expect(fail(5)).toEqual({ kind: 'together' });
  });

  it('are counted beyond those that are listed', () => {
    failTimes(3 + CAUSE_LISTED + 10);
    expect(record).toMatchObject({ further: { count: CAUSE_LISTED + 10 } });
    expect((record as unknown as CauseRecord).further.failures).toHaveLength(CAUSE_LISTED);
  });
});
