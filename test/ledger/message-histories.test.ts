import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Transition } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import {
  claimDelivery,
  decideOnce,
  endAttempt,
  inOneWrite,
  isFinal,
  needsFailedCopy,
  noteArrival,
  noteQueued,
  noteSighting,
  recordReplies,
} from '../../shared/ledger/message-transitions.ts';
import { MAX_STARTS } from '../../shared/limits.ts';
import { decisionFor, replyFor } from '../support/message-items.ts';

const ADDRESSES = ['a@corp.example', 'b@corp.example', 'c@corp.example'];
const RANK = { waiting: 0, duplicate: 1, failed: 1, sent: 2 } as const;

interface Step {
  readonly name: string;
  /** Milliseconds since the step before. */
  readonly later: number;
  readonly apply: (now: number) => Transition<MessageItem, unknown>;
}

const token = fc.constantFrom('one', 'two', 'three');
const someAddresses = fc.subarray(ADDRESSES);
const replies = fc.uniqueArray(
  fc
    .tuple(
      fc.constantFrom(...ADDRESSES, 'stranger@other.example'),
      fc.constantFrom('sent', 'temporary', 'permanent'),
    )
    .map(([address, verdict]) => replyFor(address, verdict)),
  { selector: ({ address }) => address },
);

function planAt(giveUpAt: number, now: number) {
  return { giveUpAt, nextDue: (deferrals: number) => now + 10 * (deferrals + 1) };
}

/** Every write that any of the use cases makes, also late, twice, or by who lost its claim. */
const transition: fc.Arbitrary<Pick<Step, 'name' | 'apply'>> = fc.oneof(
  fc.constant({ name: 'arrival', apply: noteArrival }),
  fc.constant({ name: 'sighting', apply: (now: number) => noteSighting(now, 50, false) }),
  fc.constant({ name: 'queued', apply: noteQueued }),
  fc.record({ to: someAddresses, duplicates: someAddresses }).map(({ to, duplicates }) => ({
    name: `decide for ${to.join()} but ${duplicates.join()}`,
    apply: (now: number) =>
      decideOnce(
        decisionFor(to, { outcome: to.length === 0 ? 'held' : 'deliver' }),
        new Set(duplicates),
        { arrivedAt: now - 1, now },
      ),
  })),
  token.map((mine) => ({
    name: `claim ${mine}`,
    apply: (now: number) => claimDelivery({ token: mine, until: now + 30, now }),
  })),
  fc.tuple(token, replies).map(([mine, said]) => ({
    name: `replies ${mine} ${said.map(({ address, verdict }) => `${address}:${verdict}`).join()}`,
    apply: (now: number) => recordReplies(mine, said, now),
  })),
  fc.tuple(token, fc.nat(400)).map(([mine, giveUpAt]) => ({
    name: `end ${mine} ${giveUpAt}`,
    apply: (now: number) => endAttempt(mine, now, planAt(giveUpAt, now)),
  })),
  fc.tuple(token, replies, fc.nat(400)).map(([mine, said, giveUpAt]) => ({
    name: `replies and end ${mine}`,
    apply: (now: number) =>
      inOneWrite(recordReplies(mine, said, now), endAttempt(mine, now, planAt(giveUpAt, now))),
  })),
  // A new owner of the data folder frees what the dead one held.
  fc.constant({
    name: 'release',
    apply: () => (item: MessageItem | null) => ({
      store: item === null ? null : { ...item, claim: null },
      answer: null,
    }),
  }),
);

const history: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ step: transition, later: fc.nat(40) }).map(({ step, later }) => ({ ...step, later })),
  { maxLength: 40, size: 'max' },
);

/** Runs a history and shows each write: what was stored before and after. Items are frozen: a transition is pure. */
function run(
  steps: readonly Step[],
  look: (before: MessageItem | null, after: MessageItem | null, now: number) => void,
): MessageItem | null {
  let now = 0;
  let item: MessageItem | null = null;
  for (const { later, apply } of steps) {
    now += later;
    const before: MessageItem | null = item;
    const { store } = apply(now)(before);
    if (store !== null) item = frozen(store);
    look(before, item, now);
  }
  return item;
}

function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(frozen);
  }
  return value;
}

function holds(look: Parameters<typeof run>[1]): void {
  fc.assert(
    fc.property(history, (steps) => {
      run(steps, look);
    }),
    { numRuns: 500 },
  );
}

describe('whatever happens to a message, and in whatever order', () => {
  it('no recipient is lost, none comes in, none changes its place', () => {
    holds((before, after) => {
      if (after?.decision == null) return;
      const decided = after.decision.recipients.map(({ address }) => address);
      expect(after.recipients.map(({ address }) => address)).toEqual(decided);
      if (before !== null && before.decision !== null) {
        expect(after.decision).toBe(before.decision);
      }
    });
  });

  it('states only move forward, and `sent` stays word for word', () => {
    holds((before, after) => {
      for (const [at, was] of (before?.recipients ?? []).entries()) {
        const is = after?.recipients[at] ?? expect.fail(`expected ${was.address} to stay`);
        expect(RANK[is.state]).toBeGreaterThanOrEqual(RANK[was.state]);
        if (RANK[is.state] === RANK[was.state]) expect(is.state).toBe(was.state);
        if (was.state === 'sent') expect(is).toEqual(was);
      }
    });
  });

  it('an end stays an end, and its time is set exactly then, for good', () => {
    holds((before, after) => {
      if (before !== null && isFinal(before)) expect(after !== null && isFinal(after)).toBe(true);
      expect(after?.endedAt != null).toBe(after !== null && isFinal(after));
      if (before?.endedAt != null) expect(after?.endedAt).toBe(before.endedAt);
    });
  });

  it('a final message needs its copy in Failed/ unless somebody has it for each recipient', () => {
    holds((_, after) => {
      if (after === null || !isFinal(after)) return;
      const everybodyHasIt =
        after.recipients.length > 0 &&
        after.recipients.every(({ state }) => state === 'sent' || state === 'duplicate');
      expect(needsFailedCopy(after)).toBe(!everybodyHasIt);
    });
  });

  it('a live claim is never taken over, and starts never exceed their limit', () => {
    holds((before, after, now) => {
      expect(after?.starts ?? 0).toBeLessThanOrEqual(MAX_STARTS);
      const held = before?.claim ?? null;
      const holder = after?.claim ?? null;
      if (held === null || holder === null || held.token === holder.token) return;
      expect(held.until).toBeLessThanOrEqual(now);
    });
  });

  it('who waits can always be tried again: now, or at a time that is known', () => {
    fc.assert(
      fc.property(history, (steps) => {
        let now = 0;
        const item = run(steps, (_, __, at) => {
          now = at;
        });
        if (item?.decision == null || isFinal(item)) return;
        const { answer } = claimDelivery({ token: 'new', until: now + 30, now })(item);
        expect(['claimed', 'ended', 'notYet']).toContain(answer.kind);
        if (answer.kind !== 'notYet') return;
        expect(answer.at).toBeGreaterThan(now);
        expect(answer.at).toBeLessThan(now + 1000);
      }),
    );
  });

  it('an item is the same after it was written as JSON', () => {
    holds((_, after) => {
      expect(JSON.parse(JSON.stringify(after))).toEqual(after);
    });
  });
});
