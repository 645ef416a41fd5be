import { describe, expect, it } from 'vitest';

import {
  claimRerouting,
  endRerouting,
  markRemoved,
  noteNoticed,
  replaceDecision,
  resetFailed,
} from '../../shared/ledger/failed-transitions.ts';
import type { MessageItem, RecipientState } from '../../shared/ledger/message-item.ts';
import {
  claimDelivery,
  decideOnce,
  needsFailedCopy,
  recordReplies,
  triedSince,
} from '../../shared/ledger/message-transitions.ts';
import { decisionFor, replyFor, waitingItem } from '../support/message-items.ts';

const NOW = 50_000;
const A = 'a@corp.example';
const B = 'b@corp.example';
const C = 'c@corp.example';
const ORDER = { now: NOW, rebuilt: null };

function state(address: string, known: Partial<RecipientState>): RecipientState {
  return { address, state: 'waiting', attempts: 2, reason: null, lastReply: null, ...known };
}

/** One has it, one was refused, one was a duplicate. */
function failedItem(known: Partial<MessageItem> = {}): MessageItem {
  return waitingItem([A, B, C], {
    recipients: [
      state(A, { state: 'sent' }),
      state(B, { state: 'failed', reason: 'refused' }),
      state(C, { state: 'duplicate' }),
    ],
    endedAt: 2000,
    failure: { noticedAt: 2000, retriedAt: null, removedBy: null },
    ...known,
  });
}

function heldItem(known: Partial<MessageItem> = {}): MessageItem {
  const decision = decisionFor([], { outcome: 'held', warnings: ['loop'] });
  return waitingItem([], { decision, endedAt: 1000, ...known });
}

const OPEN = waitingItem([A]);
const BUSY = { token: 'other', until: NOW + 1 };

describe('a failure', () => {
  it('has its history from its first recipient on, and a held message from its decision', () => {
    const claim = { token: 't', until: NOW };
    const replies = [replyFor(A, 'permanent'), replyFor(B, 'temporary')];
    const { store } = recordReplies('t', replies, NOW)(waitingItem([A, B], { claim }));
    expect(store?.failure).toEqual({ noticedAt: null, retriedAt: null, removedBy: null });
    const held = decisionFor([], { outcome: 'held' });
    const decided = decideOnce(held, new Set(), { arrivedAt: 1, now: 2 })(null);
    expect(decided.store?.failure).not.toBeNull();
    const usual = decideOnce(decisionFor([A]), new Set(), { arrivedAt: 1, now: 2 })(null);
    expect(usual.store?.failure).toBeNull();
  });

  it('keeps its history when the recipient has it in the end', () => {
    const late = recordReplies('lost', [replyFor(B, 'sent')], NOW)(failedItem());
    expect(late.store?.recipients[1]?.state).toBe('sent');
    expect(late.store?.failure).not.toBeNull();
    if (late.store !== null) expect(needsFailedCopy(late.store)).toBe(false);
  });

  it('is told up to a time', () => {
    expect(noteNoticed(7)(failedItem()).store?.failure?.noticedAt).toBe(7);
    expect(noteNoticed(7)(null).store).toBeNull();
  });
});

describe('resetFailed', () => {
  it('resets those who failed, and nobody else; time to give up begins anew', () => {
    const { store } = resetFailed(ORDER)(failedItem({ deferrals: 9, starts: 2, nextDue: 99_999 }));
    expect(store?.recipients.map((one) => [one.address, one.state, one.attempts])).toEqual([
      [A, 'sent', 2],
      [B, 'waiting', 2],
      [C, 'duplicate', 2],
    ]);
    expect(store).toMatchObject({ endedAt: null, deferrals: 0, starts: 0, nextDue: null });
    expect(store).toMatchObject({ queuedAt: NOW, failure: { noticedAt: 2000, retriedAt: NOW } });
    if (store !== null) expect(triedSince(store)).toBe(NOW);
  });

  it('brings back the one that failed while another still waits', () => {
    const item = failedItem({
      recipients: [state(A, { attempts: 4 }), state(B, { state: 'failed' })],
      endedAt: null,
    });
    const { store } = resetFailed(ORDER)(item);
    expect(store?.recipients.map((one) => one.state)).toEqual(['waiting', 'waiting']);
  });

  it('does nothing the second time', () => {
    const { store } = resetFailed(ORDER)(failedItem());
    expect(resetFailed(ORDER)(store)).toEqual({ store: null, answer: { refused: 'waiting' } });
  });

  it('goes by the rebuilt item where the ledger has none', () => {
    const { store } = resetFailed({ now: NOW, rebuilt: failedItem() })(null);
    expect(store?.recipients[1]?.state).toBe('waiting');
    const sent = failedItem({ recipients: [state(B, { state: 'sent' })] });
    expect(resetFailed({ now: NOW, rebuilt: failedItem() })(sent).answer).toEqual({
      refused: 'ended',
    });
  });

  it.each([
    ['unknown', null],
    ['unknown', waitingItem([], { decision: null })],
    ['busy', failedItem({ claim: BUSY })],
    ['waiting', OPEN],
    ['ended', failedItem({ recipients: [state(A, { state: 'sent' })] })],
    ['held', heldItem()],
    ['removed', failedItem({ copyRemovedAt: 5 })],
  ] as const)('refuses (%s)', (refused, item) => {
    expect(resetFailed(ORDER)(item)).toEqual({ store: null, answer: { refused } });
  });
});

describe('routing anew', () => {
  const CLAIM = { ...ORDER, token: 'mine', until: NOW + 1000 };

  function rerouted(item: MessageItem, addresses: readonly string[], duplicates: string[] = []) {
    const { store } = claimRerouting(CLAIM)(item);
    return replaceDecision('mine', decisionFor(addresses), new Set(duplicates), NOW + 5)(store);
  }

  it('takes failed and held messages, keeps deliveries out meanwhile, and gives back', () => {
    for (const item of [failedItem(), heldItem()]) {
      const { store } = claimRerouting(CLAIM)(item);
      const delivery = claimDelivery({ token: 'job', until: NOW + 9, now: NOW })(store);
      expect(delivery.answer).toEqual({ kind: 'notYet', at: NOW + 1000 });
      expect(endRerouting('mine')(store).store).toEqual(item);
      expect(endRerouting('other')(store).store).toBeNull();
    }
  });

  it('keeps those who have it, drops those who failed, and adds whom it names', () => {
    const { store } = rerouted(failedItem(), [A.toUpperCase(), 'new@corp.example']);
    expect(store?.recipients.map((one) => [one.address, one.state])).toEqual([
      [A, 'sent'],
      ['new@corp.example', 'waiting'],
    ]);
    expect(store).toMatchObject({ decidedAt: NOW + 5, endedAt: null, claim: null });
    expect(store?.failure?.retriedAt).toBe(NOW + 5);
  });

  it('tries those anew who failed and are named again', () => {
    const { store } = rerouted(failedItem(), [B]);
    expect(store?.recipients.map((one) => [one.address, one.state])).toEqual([
      [A, 'sent'],
      [B, 'waiting'],
    ]);
  });

  it('is at its end when everybody named has it or another message does', () => {
    const { store } = rerouted(failedItem(), [A, B], [B]);
    expect(store?.endedAt).toBe(NOW + 5);
    if (store !== null) expect(needsFailedCopy(store)).toBe(false);
  });

  it('changes nothing when the claim was lost', () => {
    const { store } = claimRerouting(CLAIM)(failedItem());
    expect(replaceDecision('other', decisionFor([A]), new Set(), NOW)(store)).toEqual({
      store: null,
      answer: null,
    });
  });

  it.each([
    ['unknown', null],
    ['busy', failedItem({ claim: BUSY })],
    ['waiting', OPEN],
    ['ended', failedItem({ recipients: [state(A, { state: 'sent' })] })],
    ['removed', heldItem({ copyRemovedAt: 5 })],
  ] as const)('refuses (%s)', (refused, item) => {
    expect(claimRerouting(CLAIM)(item)).toEqual({ store: null, answer: { refused } });
  });
});

describe('markRemoved', () => {
  const REMOVAL = { ...ORDER, by: 'root@ferry' };

  it('notes who and when, and says so again', () => {
    for (const item of [failedItem(), heldItem()]) {
      const { store } = markRemoved(REMOVAL)(item);
      expect(store).toMatchObject({ copyRemovedAt: NOW, failure: { removedBy: 'root@ferry' } });
      const again = markRemoved({ ...REMOVAL, now: NOW + 1, by: 'other' })(store);
      expect(again).toEqual({ store: null, answer: { item: store } });
    }
  });

  it.each([
    ['unknown', null],
    ['busy', failedItem({ claim: BUSY })],
    ['waiting', failedItem({ recipients: [state(A, {}), state(B, { state: 'failed' })] })],
    ['ended', failedItem({ recipients: [state(A, { state: 'sent' })] })],
  ] as const)('refuses (%s)', (refused, item) => {
    expect(markRemoved(REMOVAL)(item)).toEqual({ store: null, answer: { refused } });
  });
});
