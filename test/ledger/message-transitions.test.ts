import { describe, expect, it } from 'vitest';

import type { Transition } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import {
  claimDelivery,
  decideOnce,
  endAttempt,
  extendClaim,
  inOneWrite,
  isFinal,
  needsFailedCopy,
  noteArrival,
  noteQueued,
  noteSighting,
  recordReplies,
} from '../../shared/ledger/message-transitions.ts';
import type { RetryPlan } from '../../shared/ledger/message-transitions.ts';
import { MAX_STARTS } from '../../shared/limits.ts';
import { decisionFor, replyFor, waitingItem } from '../support/message-items.ts';

const CHRIS = 'chris@corp.example';
const KELLY = 'kelly@corp.example';
const NOBODY: ReadonlySet<string> = new Set();
const NOW = 10_000;

const PLAN: RetryPlan = { giveUpAt: 1_000_000, nextDue: (deferrals) => 50_000 + deferrals };

/** What is stored afterwards: the new item, or the old one where it was left. */
function after<Answer>(
  item: MessageItem | null,
  ...transitions: Transition<MessageItem, Answer>[]
): MessageItem {
  let current = item;
  for (const transition of transitions) current = transition(current).store ?? current;
  return current ?? expect.fail('expected an item');
}

function claimed(addresses: readonly string[], known: Partial<MessageItem> = {}): MessageItem {
  const item = waitingItem(addresses, known);
  return after(item, claimDelivery({ token: 'mine', until: NOW + 1000, now: NOW }));
}

function statesOf(item: MessageItem): string[] {
  return item.recipients.map(({ state }) => state);
}

describe('noteArrival', () => {
  it('makes an item without a decision, once', () => {
    const item = after(null, noteArrival(NOW));
    expect(item).toMatchObject({ decision: null, recipients: [], arrivedAt: NOW, queuedAt: NOW });
    expect(isFinal(item)).toBe(false);
    expect(needsFailedCopy(item)).toBe(false);
    expect(noteArrival(NOW + 1)(item).store).toBeNull();
  });
});

describe('noteSighting', () => {
  const DAY = 24 * 3_600_000;

  it('is written at most so often', () => {
    const seen = after(waitingItem([CHRIS]), noteSighting(NOW, DAY, false));
    expect(seen.seenAt).toBe(NOW);
    expect(noteSighting(NOW + DAY - 1, DAY, false)(seen).store).toBeNull();
    expect(after(seen, noteSighting(NOW + DAY, DAY, false)).seenAt).toBe(NOW + DAY);
  });

  it('makes no item', () => {
    expect(noteSighting(NOW, DAY, false)(null)).toEqual({ store: null, answer: null });
  });
});

describe('extendClaim', () => {
  it('keeps the claim of its holder longer', () => {
    const item = after(claimed([CHRIS]), extendClaim('mine', NOW + 9000));
    expect(item.claim).toEqual({ token: 'mine', until: NOW + 9000 });
    expect(item.starts).toBe(1);
  });

  it('gives nothing to who has lost it', () => {
    expect(extendClaim('other', NOW + 9000)(claimed([CHRIS])).store).toBeNull();
    expect(extendClaim('mine', NOW + 9000)(null).store).toBeNull();
  });
});

describe('noteQueued', () => {
  it('notes the time, and makes no item', () => {
    expect(after(waitingItem([CHRIS]), noteQueued(NOW)).queuedAt).toBe(NOW);
    expect(noteQueued(NOW)(null).store).toBeNull();
  });
});

describe('decideOnce', () => {
  const times = { arrivedAt: 500, now: NOW };

  it('lets everybody wait but those whom another message serves', () => {
    const decision = decisionFor([CHRIS, 'Kelly@corp.example']);
    const { store, answer } = decideOnce(decision, new Set([KELLY]), times)(null);
    expect(store).toEqual(answer);
    expect(answer).toMatchObject({ decision, arrivedAt: 500, decidedAt: NOW, queuedAt: NOW });
    expect(answer.recipients).toMatchObject([
      { address: CHRIS, state: 'waiting', attempts: 0 },
      { address: 'Kelly@corp.example', state: 'duplicate', attempts: 0 },
    ]);
    expect(answer.endedAt).toBeNull();
  });

  it('is create-only: who comes second gets the stored one', () => {
    const first = after(null, decideOnce(decisionFor([CHRIS]), NOBODY, times));
    const second = decideOnce(decisionFor([KELLY]), new Set([KELLY]), times)(first);
    expect(second).toEqual({ store: null, answer: first });
  });

  it('keeps the arrival and the sighting that were noted before', () => {
    const noted = after(null, noteArrival(100), noteSighting(200, 1, false));
    const item = after(noted, decideOnce(decisionFor([CHRIS]), NOBODY, times));
    expect(item).toMatchObject({ arrivedAt: 100, seenAt: 200, queuedAt: NOW });
  });

  it('ends a held message at once: nobody is tried, and a copy has to be parked', () => {
    const held = decisionFor([], { outcome: 'held', warnings: ['loop'] });
    const item = after(null, decideOnce(held, NOBODY, times));
    expect(item.endedAt).toBe(NOW);
    expect([isFinal(item), needsFailedCopy(item)]).toEqual([true, true]);
    const claim = claimDelivery({ token: 'mine', until: NOW + 1, now: NOW })(item);
    expect(claim).toEqual({ store: null, answer: { kind: 'ended', item } });
  });

  it('ends a message at once that everybody had, without a copy in Failed/', () => {
    const item = after(null, decideOnce(decisionFor([CHRIS]), new Set([CHRIS]), times));
    expect([isFinal(item), needsFailedCopy(item), item.endedAt]).toEqual([true, false, NOW]);
  });

  it('never lets a message go that a faulty decision gave to nobody', () => {
    const item = after(null, decideOnce(decisionFor([]), NOBODY, times));
    expect(needsFailedCopy(item)).toBe(true);
  });
});

describe('claimDelivery', () => {
  const claim = { token: 'mine', until: NOW + 1000, now: NOW };

  it('claims and counts the start', () => {
    const { store, answer } = claimDelivery(claim)(waitingItem([CHRIS], { nextDue: NOW }));
    expect(store).toMatchObject({ claim: { token: 'mine', until: NOW + 1000 }, starts: 1 });
    expect(answer).toEqual({ kind: 'claimed', item: store });
  });

  it.each([
    ['there is no item', null],
    ['nothing was decided', waitingItem([], { decision: null, decidedAt: null })],
  ])('is undecided when %s', (_, item) => {
    expect(claimDelivery(claim)(item)).toEqual({ store: null, answer: { kind: 'undecided' } });
  });

  it('is put off until the end of a live claim', () => {
    const item = waitingItem([CHRIS], { claim: { token: 'other', until: NOW + 7 } });
    const answer = { kind: 'notYet', at: NOW + 7 };
    expect(claimDelivery(claim)(item)).toEqual({ store: null, answer });
  });

  it('takes over a claim that has expired, and its own', () => {
    for (const held of [
      { token: 'other', until: NOW },
      { token: 'mine', until: NOW + 7 },
    ]) {
      const item = waitingItem([CHRIS], { claim: held, starts: 1 });
      const { answer } = claimDelivery(claim)(item);
      expect(answer).toMatchObject({
        kind: 'claimed',
        item: { starts: 2, claim: { token: 'mine' } },
      });
    }
  });

  it('is put off until it is due', () => {
    const item = waitingItem([CHRIS], { nextDue: NOW + 1 });
    const answer = { kind: 'notYet', at: NOW + 1 };
    expect(claimDelivery(claim)(item)).toEqual({ store: null, answer });
  });

  it('says that it has ended, also when a due time was left', () => {
    const sent = after(claimed([CHRIS]), recordReplies('mine', [replyFor(CHRIS, 'sent')], NOW));
    const item = { ...sent, claim: null, nextDue: NOW + 99 };
    expect(claimDelivery(claim)(item)).toEqual({ store: null, answer: { kind: 'ended', item } });
  });

  it('parks those who wait as internal after too many starts without an outcome', () => {
    let item = after(
      claimed([CHRIS, KELLY]),
      recordReplies('mine', [replyFor(KELLY, 'sent')], NOW),
    );
    for (let start = 2; start <= MAX_STARTS; start += 1) {
      const { answer } = claimDelivery({ ...claim, now: item.claim?.until ?? 0 })(item);
      expect(answer.kind).toBe('claimed');
      item = answer.kind === 'claimed' ? answer.item : item;
    }
    expect(item.starts).toBe(MAX_STARTS);
    const last = claimDelivery({ ...claim, now: 90_000 })(item);
    expect(last.answer).toEqual({ kind: 'ended', item: last.store });
    expect(last.store).toMatchObject({ claim: null, starts: 0, endedAt: 90_000 });
    expect(last.store?.recipients).toMatchObject([
      { address: CHRIS, state: 'failed', reason: 'internal' },
      { address: KELLY, state: 'sent', reason: null },
    ]);
  });

  it('never parks for starts that each reached an outcome', () => {
    let item = waitingItem([CHRIS]);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const now = Math.max(NOW, item.nextDue ?? 0);
      const token = `attempt ${attempt}`;
      item = after(item, claimDelivery({ token, until: now + 1000, now }));
      item = after(item, endAttempt(token, now, PLAN));
    }
    expect(item).toMatchObject({ starts: 0, deferrals: 20, endedAt: null });
    expect(statesOf(item)).toEqual(['waiting']);
  });
});

describe('recordReplies', () => {
  it('writes each reply down, with its time', () => {
    const replies = [replyFor(CHRIS, 'sent'), replyFor(KELLY, 'permanent')];
    const item = after(claimed([CHRIS, KELLY]), recordReplies('mine', replies, NOW + 5));
    expect(item.endedAt).toBe(NOW + 5);
    expect(item.recipients).toEqual([
      {
        address: CHRIS,
        state: 'sent',
        attempts: 1,
        reason: null,
        lastReply: {
          code: 250,
          enhancedCode: null,
          text: 'said sent',
          host: 'mail.corp.example:25',
          at: NOW + 5,
        },
      },
      expect.objectContaining({ address: KELLY, state: 'failed', reason: 'refused', attempts: 1 }),
    ]);
    expect(needsFailedCopy(item)).toBe(true);
  });

  it('lets somebody wait on for whom the reply was temporary, or none came', () => {
    const replies = [replyFor(CHRIS, 'temporary')];
    const item = after(claimed([CHRIS, KELLY]), recordReplies('mine', replies, NOW));
    expect(item.recipients).toMatchObject([
      { state: 'waiting', attempts: 1, lastReply: { code: 451 } },
      { state: 'waiting', attempts: 0, lastReply: null },
    ]);
    expect(item.endedAt).toBeNull();
  });

  it.each([
    ['nobody holds one', null],
    ['another attempt holds it', { token: 'other', until: NOW + 9 }],
  ])('accepts only `sent` from an attempt that lost its claim: %s', (_, claim) => {
    const item = waitingItem([CHRIS, KELLY, 'pat@corp.example'], { claim });
    const replies = [
      replyFor(CHRIS, 'sent'),
      replyFor(KELLY, 'permanent'),
      replyFor('pat@corp.example', 'temporary'),
    ];
    const written = after(item, recordReplies('mine', replies, NOW));
    expect(statesOf(written)).toEqual(['sent', 'waiting', 'waiting']);
    expect(written.recipients[1]).toEqual(item.recipients[1]);
    expect(written.claim).toEqual(claim);
  });

  it('accepts `sent` after a failure, since that is what happened', () => {
    const failed = after(
      claimed([CHRIS]),
      recordReplies('mine', [replyFor(CHRIS, 'permanent')], NOW),
      endAttempt('mine', NOW, PLAN),
    );
    const sent = after(failed, recordReplies('late', [replyFor(CHRIS, 'sent')], NOW + 9));
    expect(sent.recipients).toMatchObject([{ state: 'sent', reason: null }]);
    expect([sent.endedAt, needsFailedCopy(sent)]).toEqual([NOW, false]);
  });

  it.each(['sent', 'temporary', 'permanent'] as const)(
    'never overwrites `sent`, not by %s',
    (verdict) => {
      const sent = after(
        claimed([CHRIS, KELLY]),
        recordReplies('mine', [replyFor(CHRIS, 'sent')], NOW),
      );
      const again = after(sent, recordReplies('mine', [replyFor(CHRIS, verdict)], NOW + 1));
      expect(again.recipients).toEqual(sent.recipients);
    },
  );

  it.each(['temporary', 'permanent'] as const)('does not try a duplicate: %s', (verdict) => {
    const decided = after(
      null,
      decideOnce(decisionFor([CHRIS, KELLY]), new Set([KELLY]), { arrivedAt: 1, now: 2 }),
    );
    const item = after(decided, claimDelivery({ token: 'mine', until: NOW + 1, now: NOW }));
    const written = after(item, recordReplies('mine', [replyFor(KELLY, verdict)], NOW));
    expect(statesOf(written)).toEqual(['waiting', 'duplicate']);
  });

  it('ignores replies for strangers, and makes no item', () => {
    const item = claimed([CHRIS]);
    const replies = [replyFor('stranger@other.example', 'sent')];
    expect(after(item, recordReplies('mine', replies, NOW))).toEqual(item);
    expect(recordReplies('mine', replies, NOW)(null)).toEqual({ store: null, answer: null });
  });
});

describe('endAttempt', () => {
  it('gives the claim back, clears the starts, and puts off those who wait', () => {
    const item = claimed([CHRIS], { starts: 1, deferrals: 4 });
    expect(item.starts).toBe(2);
    const ended = after(item, endAttempt('mine', NOW, PLAN));
    expect(ended).toMatchObject({ claim: null, starts: 0, deferrals: 5, nextDue: 50_004 });
  });

  it('ends a message that nobody waits for any more', () => {
    const item = claimed([CHRIS], { nextDue: NOW - 1, deferrals: 1 });
    const write = inOneWrite(
      recordReplies('mine', [replyFor(CHRIS, 'sent')], NOW),
      endAttempt('mine', NOW, PLAN),
    );
    const { store, answer } = write(item);
    expect(store).toEqual(answer);
    expect(store).toMatchObject({
      claim: null,
      starts: 0,
      deferrals: 1,
      nextDue: null,
      endedAt: NOW,
    });
  });

  it.each([
    [0, 'failed'],
    [-1, 'waiting'],
  ])('gives those up who wait when their time is up: %d ms from it', (from, state) => {
    const now = PLAN.giveUpAt + from;
    const item = waitingItem([CHRIS, KELLY], { claim: { token: 'mine', until: now + 1 } });
    const ended = after(
      item,
      recordReplies('mine', [replyFor(CHRIS, 'temporary'), replyFor(KELLY, 'sent')], now),
      endAttempt('mine', now, PLAN),
    );
    expect(ended.recipients).toMatchObject([
      { state, reason: state === 'failed' ? 'expired' : null, lastReply: { code: 451 } },
      { state: 'sent', reason: null },
    ]);
    expect(ended.endedAt).toBe(state === 'failed' ? now : null);
    expect(ended.nextDue === null).toBe(state === 'failed');
  });

  it.each([
    ['nobody holds one', null],
    ['another attempt holds it', { token: 'other', until: NOW + 9 }],
  ])('changes nothing without the claim: %s', (_, claim) => {
    const item = waitingItem([CHRIS], { claim, starts: 2 });
    expect(endAttempt('mine', NOW, PLAN)(item)).toEqual({ store: null, answer: item });
  });

  it('makes no item', () => {
    expect(endAttempt('mine', NOW, PLAN)(null)).toEqual({ store: null, answer: null });
  });
});

describe('inOneWrite', () => {
  it('keeps what the first stored when the second stores nothing', () => {
    const item = waitingItem([CHRIS], { claim: { token: 'other', until: NOW + 9 } });
    const write = inOneWrite(
      recordReplies('mine', [replyFor(CHRIS, 'sent')], NOW),
      endAttempt('mine', NOW, PLAN),
    );
    const { store, answer } = write(item);
    expect(store?.recipients).toMatchObject([{ state: 'sent' }]);
    expect(answer).toEqual(store);
  });

  it('stores nothing when neither does', () => {
    const write = inOneWrite(noteSighting(NOW, 1, false), endAttempt('mine', NOW, PLAN));
    expect(write(null)).toEqual({ store: null, answer: null });
  });
});
