import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Transition } from '../../shared/ledger/ledger.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import type { MailboxRecord, RunResult } from '../../shared/ledger/mailbox-record.ts';
import {
  beginRun,
  endRun,
  renewLease,
  requestFetch,
} from '../../shared/ledger/mailbox-transitions.ts';

const WELL: RunResult = { status: 'ok', fetched: 3, bytes: 99, left: 0, error: null };
const FAILED: RunResult = {
  ...WELL,
  status: 'failed',
  error: { kind: 'connect', message: 'refused' },
};

const LEASED: MailboxRecord = {
  ...NO_MAILBOX_RECORD,
  lease: { owner: 'one', until: 2000 },
  lastStartedAt: 1000,
  lastSuccessAt: 500,
};

describe('beginRun', () => {
  const run = { owner: 'two', until: 3000, now: 1500 };

  it('takes the lease of a mailbox that never ran, and notes the start', () => {
    expect(beginRun(run)(null)).toEqual({
      store: {
        ...NO_MAILBOX_RECORD,
        lease: { owner: 'two', until: 3000 },
        lastStartedAt: 1500,
      },
      answer: 'taken',
    });
  });

  it('finds a live lease of somebody else, and changes nothing', () => {
    expect(beginRun({ ...run, now: 1999 })(LEASED)).toEqual({ store: null, answer: 'busy' });
  });

  it.each([
    ['has expired', { ...run, now: 2000 }],
    ['is its own', { ...run, owner: 'one' }],
  ])('takes a lease that %s, and keeps the rest', (_, mine) => {
    const { store, answer } = beginRun(mine)(LEASED);
    expect(answer).toBe('taken');
    expect(store).toEqual({
      ...LEASED,
      lease: { owner: mine.owner, until: 3000 },
      lastStartedAt: mine.now,
    });
  });
});

describe('renewLease', () => {
  it('is for the holder alone', () => {
    expect(renewLease('one', 9000)(LEASED)).toEqual({
      store: { ...LEASED, lease: { owner: 'one', until: 9000 } },
      answer: true,
    });
    const lost = { store: null, answer: false };
    expect(renewLease('two', 9000)(LEASED)).toEqual(lost);
    expect(renewLease('one', 9000)({ ...LEASED, lease: null })).toEqual(lost);
    expect(renewLease('one', 9000)(null)).toEqual(lost);
  });
});

describe('endRun', () => {
  it('gives the lease back and keeps the result', () => {
    const { store, answer } = endRun('one', WELL, 1800)(LEASED);
    expect(answer).toBe(true);
    expect(store).toEqual({
      ...LEASED,
      lease: null,
      lastEndedAt: 1800,
      lastSuccessAt: 1800,
      lastRun: WELL,
    });
  });

  it.each([
    ['ok', 1800],
    ['partial', 1800],
    ['failed', 500],
  ] as const)('counts %s: the last success is at %d', (status, lastSuccessAt) => {
    const result = status === 'failed' ? FAILED : { ...WELL, status };
    expect(endRun('one', result, 1800)(LEASED).store?.lastSuccessAt).toBe(lastSuccessAt);
  });

  it('changes nothing for a run that lost its lease', () => {
    expect(endRun('two', WELL, 1800)(LEASED)).toEqual({ store: null, answer: false });
    expect(endRun('one', WELL, 1800)(null)).toEqual({ store: null, answer: false });
  });
});

describe('requestFetch', () => {
  it('notes the request of a mailbox that never ran', () => {
    expect(requestFetch(700)(null).store).toEqual({ ...NO_MAILBOX_RECORD, requestedAt: 700 });
  });

  it('takes no lease away, and outlives the run that is under way', () => {
    const requested = requestFetch(1500)(LEASED).store;
    expect(requested).toEqual({ ...LEASED, requestedAt: 1500 });
    expect(endRun('one', WELL, 1800)(requested).store?.requestedAt).toBe(1500);
  });

  it('never takes back a newer request that was acknowledged', () => {
    const newer = requestFetch(1500)(LEASED).store;
    expect(requestFetch(900)(newer).store?.requestedAt ?? newer?.requestedAt).toBe(1500);
  });
});

describe('whatever happens to a mailbox, and in whatever order', () => {
  const owner = fc.constantFrom('one', 'two', 'three');
  type Apply = (now: number) => Transition<MailboxRecord, unknown>;
  const step: fc.Arbitrary<Apply> = fc.oneof(
    owner.map(
      (me): Apply =>
        (now) =>
          beginRun({ owner: me, until: now + 20, now }),
    ),
    owner.map(
      (me): Apply =>
        (now) =>
          renewLease(me, now + 20),
    ),
    fc.tuple(owner, fc.constantFrom(WELL, FAILED)).map(
      ([me, result]): Apply =>
        (now) =>
          endRun(me, result, now),
    ),
    fc.nat(5).map(
      (late): Apply =>
        (now) =>
          requestFetch(now - late),
    ),
  );

  it('no live lease changes hands, and no request and no time goes back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(15)), { maxLength: 40 }), (steps) => {
        let now = 100;
        let record: MailboxRecord | null = null;
        for (const [apply, later] of steps) {
          now += later;
          const before: MailboxRecord | null = record;
          record = apply(now)(before).store ?? before;
          if (before !== null && record !== null) expectForward(before, record, now);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function expectForward(before: MailboxRecord, after: MailboxRecord, now: number): void {
  const { lease } = before;
  if (lease !== null && after.lease !== null && lease.owner !== after.lease.owner) {
    expect(lease.until).toBeLessThanOrEqual(now);
  }
  for (const field of ['requestedAt', 'lastStartedAt', 'lastSuccessAt'] as const) {
    expect(after[field] ?? 0).toBeGreaterThanOrEqual(before[field] ?? 0);
  }
}
