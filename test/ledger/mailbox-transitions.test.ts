import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Transition } from '../../shared/ledger/ledger.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import type { MailboxRecord, RunResult } from '../../shared/ledger/mailbox-record.ts';
import {
  beginRun,
  closeRun,
  endLook,
  endRun,
  mayProbePipelining,
  renewLease,
  requestFetch,
} from '../../shared/ledger/mailbox-transitions.ts';
import type { RunEnd } from '../../shared/ledger/mailbox-transitions.ts';
import type { SessionFault } from '../../shared/ledger/mailbox-trouble.ts';
import { PIPELINING_MEMORY_MS } from '../../shared/limits.ts';

const WELL: RunResult = { status: 'ok', fetched: 3, bytes: 99, left: 0, error: null };
const FAILED: RunResult = {
  ...WELL,
  fetched: 0,
  status: 'failed',
  error: { kind: 'connect', message: 'refused' },
};
const SERVER: SessionFault = { kind: 'server', credentials: null };

const NONE = { count: 0, longestMs: 0 };
const NEW_HABIT = { present: NONE, before: NONE, told: false };

const LEASED: MailboxRecord = {
  ...NO_MAILBOX_RECORD,
  lease: { owner: 'one', until: 2000 },
  lastStartedAt: 1000,
  lastSuccessAt: 500,
};

/** How a run ends, but for its time. */
function ended(result: RunResult, now: number, more: Partial<RunEnd> = {}): RunEnd {
  const fault = result.error === null ? null : SERVER;
  return {
    result,
    now,
    fault,
    connection: 'c',
    login: null,
    maildrop: null,
    gapAfter: () => 60,
    ...more,
  };
}

describe('a server that broke over commands sent together', () => {
  const store = endRun('one', { ...ended(WELL, 5000), pipeliningBroke: true })(LEASED).store;
  const record = store ?? NO_MAILBOX_RECORD;

  it('is not tried again for a week', () => {
    expect(record.brokenPipelining).toEqual({ connection: 'c', at: 5000 });
    expect(mayProbePipelining(record, 'c', 5000)).toBe(false);
    expect(mayProbePipelining(record, 'c', 5000 + PIPELINING_MEMORY_MS - 1)).toBe(false);
    expect(mayProbePipelining(record, 'c', 5000 + PIPELINING_MEMORY_MS)).toBe(true);
  });

  it('is another one where host or user are other ones', () => {
    expect(mayProbePipelining(record, 'other', 5000)).toBe(true);
    expect(mayProbePipelining(NO_MAILBOX_RECORD, 'c', 5000)).toBe(true);
  });

  it('stays known over runs that go well one command at a time', () => {
    const again = { ...record, lease: { owner: 'one', until: 9000 } };
    expect(endRun('one', ended(WELL, 6000))(again).store?.brokenPipelining).toEqual({
      connection: 'c',
      at: 5000,
    });
  });
});

describe('beginRun', () => {
  const run = { owner: 'two', until: 3000, now: 1500 };

  it('takes the lease of a mailbox that never ran, and notes the start', () => {
    expect(beginRun(run)(null)).toEqual({
      store: {
        ...NO_MAILBOX_RECORD,
        lease: { owner: 'two', until: 3000 },
        lastStartedAt: 1500,
      },
      answer: { kind: 'taken', record: NO_MAILBOX_RECORD },
    });
  });

  it('finds a live lease of somebody else, and changes nothing', () => {
    const busy = { store: null, answer: { kind: 'busy' } };
    expect(beginRun({ ...run, now: 1999 })(LEASED)).toEqual(busy);
  });

  it.each([
    ['has expired', { ...run, now: 2000 }],
    ['is its own', { ...run, owner: 'one' }],
  ])('takes a lease that %s, and keeps the rest', (_, mine) => {
    const { store, answer } = beginRun(mine)(LEASED);
    expect(answer.kind).toBe('taken');
    expect(store).toEqual({
      ...LEASED,
      lease: { owner: mine.owner, until: 3000 },
      lastStartedAt: mine.now,
    });
  });

  it('a look holds the lease and is no run', () => {
    const { store } = beginRun({ ...run, now: 2500, purpose: 'look' })(LEASED);
    expect(store).toEqual({ ...LEASED, lease: { owner: 'two', until: 3000, purpose: 'look' } });
  });

  it('a job that a later run has answered already starts none; one that no run answered does', () => {
    const done = { ...LEASED, lease: null, lastStartedAt: 1000, lastEndedAt: 1200, lastRun: WELL };
    const begin = (queuedAt: number, record: MailboxRecord) =>
      beginRun({ ...run, queuedAt })(record).answer;
    expect(begin(1000, done)).toEqual({ kind: 'answered', result: WELL });
    expect(begin(999, done)).toEqual({ kind: 'answered', result: WELL });
    expect(begin(1001, done).kind).toBe('taken');
    const died = { ...done, lastEndedAt: 800 };
    expect(begin(1000, died).kind).toBe('taken');
  });

  it('waits as long as the server demands between two logins, of the same account', () => {
    const pace = { connection: 'c', loginAt: 1000, delayMs: 600, refusals: 0 };
    const paced = { ...LEASED, lease: null, lastEndedAt: 1100, pace };
    const begin = (now: number, connection: string | null) =>
      beginRun({ ...run, now, connection })(paced);
    expect(begin(1599, 'c')).toEqual({ store: null, answer: { kind: 'tooSoon', until: 1600 } });
    expect(begin(1600, 'c').answer.kind).toBe('taken');
    expect(begin(1599, 'other').answer.kind).toBe('taken');
    expect(begin(1599, null).answer.kind).toBe('taken');
  });
});

describe('renewLease', () => {
  it('is for the holder alone, and tells how far the run is', () => {
    expect(renewLease('one', 9000)(LEASED)).toEqual({
      store: { ...LEASED, lease: { owner: 'one', until: 9000 } },
      answer: true,
    });
    const progress = { messages: 1, ofMessages: 2, octets: 3, ofOctets: 4 };
    const { store } = renewLease('one', 9000, progress)(LEASED);
    expect(store?.lease).toEqual({ owner: 'one', until: 9000, progress });
    const lost = { store: null, answer: false };
    expect(renewLease('two', 9000)(LEASED)).toEqual(lost);
    expect(renewLease('one', 9000)({ ...LEASED, lease: null })).toEqual(lost);
    expect(renewLease('one', 9000)(null)).toEqual(lost);
  });
});

describe('endRun', () => {
  it('gives the lease back and keeps the result', () => {
    const { store, answer } = endRun('one', ended(WELL, 1800))(LEASED);
    expect(answer).toEqual({ kept: true, news: [] });
    expect(store).toEqual({
      ...LEASED,
      lease: null,
      lastEndedAt: 1800,
      lastSuccessAt: 1800,
      habit: { ...NEW_HABIT, knownSince: 1800, since: 1800 },
      lastMailAt: 1800,
      lastRun: WELL,
    });
  });

  it.each([
    ['ok', 1800],
    ['partial', 1800],
    ['failed', 500],
  ] as const)('counts %s: the last success is at %d', (status, lastSuccessAt) => {
    const result = status === 'failed' ? FAILED : { ...WELL, status };
    const { store } = endRun('one', ended(result, 1800))(LEASED);
    expect(store?.lastSuccessAt).toBe(lastSuccessAt);
    expect(store?.trouble === null).toBe(status !== 'failed');
  });

  it('without mail, the last mail stays where it was', () => {
    const silent = { ...WELL, fetched: 0 };
    expect(endRun('one', ended(silent, 1800))(LEASED).store?.lastMailAt).toBeNull();
  });

  it('changes nothing for a run that lost its lease', () => {
    const lost = { store: null, answer: { kept: false, news: [] } };
    expect(endRun('two', ended(WELL, 1800))(LEASED)).toEqual(lost);
    expect(endRun('one', ended(WELL, 1800))(null)).toEqual(lost);
  });

  it('keeps the lease, and has not ended, until people were told its news', () => {
    const failing = { ...LEASED, trouble: troubleOf(2, 1200) };
    const { store, answer } = endRun('one', ended(FAILED, 1800))(failing);
    const told = { kind: 'failing', at: 1800, since: 1200, failures: 3, error: FAILED.error };
    expect(answer.news).toEqual([told]);
    expect(store).toMatchObject({ lease: LEASED.lease, lastEndedAt: null, news: [told] });

    const closed = closeRun('one', 1900, 1)(store).store;
    expect(closed).toMatchObject({ lease: null, lastEndedAt: 1900, news: [] });
    const untold = closeRun('one', 1900, 0)(store).store;
    expect(untold).toMatchObject({ lease: null, lastEndedAt: 1900, news: [told] });
    expect(closeRun('two', 1900, 1)(store)).toEqual({ store: null, answer: false });
  });

  it('news that a dead run could not tell are told with those of the next', () => {
    const first = { kind: 'failing', at: 1, since: 0, failures: 3, error: null } as const;
    const dead = { ...LEASED, trouble: { ...troubleOf(3, 0), told: true }, news: [first] };
    const { answer } = endRun('one', ended(WELL, 1800))(dead);
    expect(answer.news).toEqual([
      first,
      { kind: 'well', at: 1800, since: 0, failures: 3, error: null },
    ]);
  });

  it('a run of a suspended mailbox, which asked nobody, leaves what is known as it is', () => {
    const trouble = troubleOf(3, 1200);
    const result = { ...FAILED, error: { kind: 'suspended', message: 'x' } } as const;
    const end = ended(result, 1800, { fault: { kind: 'own', credentials: null } });
    const { store } = endRun('one', end)({ ...LEASED, trouble });
    expect(store).toMatchObject({ trouble, lease: null, lastRun: result });
  });
});

describe('requestFetch', () => {
  it('notes the request of a mailbox that never ran', () => {
    const { store, answer } = requestFetch(700)(null);
    expect(store).toEqual({ ...NO_MAILBOX_RECORD, requestedAt: 700 });
    expect(answer).toEqual({ kind: 'noted', startedBefore: null });
  });

  it('joins the run that is under way, and writes nothing', () => {
    const joined = { store: null, answer: { kind: 'joined', startedAt: 1000 } };
    expect(requestFetch(1500)(LEASED)).toEqual(joined);
  });

  it.each([
    ['whose lease has expired', { owner: 'one', until: 1499 }],
    ['that is only looked at', { owner: 'one', until: 9999, purpose: 'look' as const }],
  ])('does not join a mailbox %s', (_, lease) => {
    const { store, answer } = requestFetch(1500)({ ...LEASED, lease });
    expect(store).toEqual({ ...LEASED, lease, requestedAt: 1500 });
    expect(answer).toEqual({ kind: 'noted', startedBefore: 1000 });
  });

  it('notes what the provider does not take yet, and says until when', () => {
    const pace = { connection: 'c', loginAt: 1000, delayMs: 600, refusals: 0 };
    const paced = { ...LEASED, lease: null, lastEndedAt: 1100, pace };
    const { store, answer } = requestFetch(1500, 'c')(paced);
    expect(store?.requestedAt).toBe(1500);
    expect(answer).toEqual({ kind: 'tooSoon', until: 1600 });
  });

  it('never takes back a newer request that was acknowledged', () => {
    const idle = { ...LEASED, lease: null };
    const newer = requestFetch(1500)(idle).store;
    expect(requestFetch(900)(newer).store?.requestedAt ?? newer?.requestedAt).toBe(1500);
  });
});

describe('endLook', () => {
  const looked = { ...LEASED, lease: { owner: 'one', until: 2000, purpose: 'look' as const } };
  const look = { now: 1800, connection: 'c', logins: [], loggedIn: false };

  it('gives the lease back, and is neither run nor success', () => {
    expect(endLook('one', look)(looked)).toEqual({
      store: { ...looked, lease: null },
      answer: true,
    });
    expect(endLook('two', look)(looked)).toEqual({ store: null, answer: false });
  });

  it('a login that succeeds ends a suspension and the back-off; the trouble ends with a run', () => {
    const refused = { credentials: 'k', times: 3, message: 'no', suspendedAt: 1000 };
    const trouble = { ...troubleOf(3, 900), refused, told: true };
    const failed = endLook('one', look)({ ...looked, trouble }).store;
    expect(failed?.trouble).toEqual(trouble);
    const { store } = endLook('one', { ...look, loggedIn: true })({ ...looked, trouble });
    expect(store?.trouble).toEqual({ ...trouble, refused: null, retryAt: null });
  });

  it('remembers what the server demands between two logins', () => {
    const logins = [
      { at: 1700, delayMs: 500, tooSoon: false },
      { at: 1790, delayMs: null, tooSoon: true },
    ];
    const { store } = endLook('one', { ...look, logins })(looked);
    expect(store?.pace).toEqual({ connection: 'c', loginAt: 1790, delayMs: 500, refusals: 1 });
  });
});

function troubleOf(failures: number, since: number): NonNullable<MailboxRecord['trouble']> {
  return { since, failures, retryAt: 1, connection: 'c', refused: null, told: false };
}

describe('whatever happens to a mailbox, and in whatever order', () => {
  const owner = fc.constantFrom('one', 'two', 'three');
  type Apply = (now: number) => Transition<MailboxRecord, unknown>;
  const step: fc.Arbitrary<Apply> = fc.oneof(
    fc.tuple(owner, fc.boolean()).map(
      ([me, looks]): Apply =>
        (now) =>
          beginRun({ owner: me, until: now + 20, now, ...(looks ? { purpose: 'look' } : {}) }),
    ),
    owner.map(
      (me): Apply =>
        (now) =>
          renewLease(me, now + 20),
    ),
    fc.tuple(owner, fc.constantFrom(WELL, FAILED)).map(
      ([me, result]): Apply =>
        (now) =>
          endRun(me, ended(result, now)),
    ),
    fc.tuple(owner, fc.nat(2)).map(
      ([me, told]): Apply =>
        (now) =>
          closeRun(me, now, told),
    ),
    fc.nat(5).map(
      (late): Apply =>
        (now) =>
          requestFetch(now - late),
    ),
  );

  it('no live lease changes hands, no request and no time goes back, no news gets lost', () => {
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
  for (const field of ['requestedAt', 'lastStartedAt', 'lastSuccessAt', 'lastMailAt'] as const) {
    expect(after[field] ?? 0).toBeGreaterThanOrEqual(before[field] ?? 0);
  }
  // Told in order, so what is left is an end of what there was.
  const kept = before.news.filter((one) => after.news.includes(one));
  expect(before.news.slice(before.news.length - kept.length)).toEqual(kept);
}
