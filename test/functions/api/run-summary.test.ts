import { describe, expect, test } from 'vitest';

import type { FetchOutcome } from '../../../functions/fetch/fetch-mailbox.ts';
import { isWell, summarise } from '../../../functions/api/run-summary.ts';
import type { MessageItem, RecipientState } from '../../../shared/ledger/message-item.ts';
import { decisionFor, waitingItem } from '../../support/message-items.ts';

const NAMES = ['a', 'b', 'c', 'd'].map((letter) => `chris/${letter.repeat(64)}`);
const [A = '', B = '', C = '', D = ''] = NAMES;

function outcome(taken: readonly (readonly [string, boolean])[]): FetchOutcome {
  return {
    result: { status: 'ok', fetched: taken.length, bytes: 1, left: 0, error: null },
    taken: taken.map(([name, known]) => ({
      key: { mailbox: 'chris', sha256: name.slice('chris/'.length) },
      known,
    })),
  };
}

function ended(...states: RecipientState['state'][]): MessageItem {
  const addresses = states.map((_, index) => `r${index}@corp.example`);
  const item = waitingItem(addresses);
  const recipients = item.recipients.map((one, index) => ({
    ...one,
    state: states[index] ?? 'waiting',
  }));
  return { ...item, recipients };
}

function counts(
  taken: readonly (readonly [string, boolean])[],
  items: Readonly<Record<string, MessageItem>>,
  openBefore: readonly string[] = [],
) {
  return summarise({
    openBefore: new Set(openBefore),
    fetched: [{ id: 'chris', outcome: outcome(taken) }],
    items: new Map(Object.entries(items)),
  }).messages;
}

const NONE = {
  ...{ fetched: 0, carried: 0, deferred: 0, failed: 0, held: 0 },
  ...{ undeliverable: 0, delivered: 0, duplicate: 0 },
};

describe('summarise', () => {
  test.each([
    ['first', [[A, true] as const, [A, false] as const]],
    ['last', [[A, false] as const, [A, true] as const]],
  ])('of two copies in one run one is new, also when the other is %s', (_which, taken) => {
    const expected = { ...NONE, fetched: 2, delivered: 1, duplicate: 1 };
    expect(counts(taken, { [A]: ended('sent') })).toEqual(expected);
  });

  test.each([
    ['some recipient waits', ended('sent', 'failed', 'waiting'), { deferred: 1 }],
    ['some recipient failed', ended('sent', 'failed'), { failed: 1 }],
    ['somebody got it', ended('duplicate', 'sent'), { delivered: 1 }],
    ['everybody had it', ended('duplicate', 'duplicate'), { duplicate: 1 }],
    ['held', waitingItem([], { decision: decisionFor([], { outcome: 'held' }) }), { held: 1 }],
    [
      'undeliverable',
      {
        ...ended('sent'),
        decision: decisionFor(['r0@corp.example'], { outcome: 'undeliverable' }),
      },
      { undeliverable: 1 },
    ],
    [
      'an undeliverable copy that its mailbox had',
      {
        ...ended('duplicate'),
        decision: decisionFor(['r0@corp.example'], { outcome: 'undeliverable' }),
      },
      { duplicate: 1 },
    ],
    ['not decided', waitingItem([], { decision: null }), { deferred: 1 }],
  ])('%s: counted once, by the first that fits', (_what, item, counted) => {
    expect(counts([[A, false]], { [A]: item })).toEqual({ ...NONE, fetched: 1, ...counted });
  });

  test('bytes that the mailbox had are a duplicate, unless they still waited', () => {
    const items = { [A]: ended('sent'), [B]: ended('waiting') };
    const taken = [
      [A, true],
      [B, true],
    ] as const;
    expect(counts(taken, items, [B])).toEqual({ ...NONE, fetched: 2, duplicate: 1, deferred: 1 });
  });

  test('the same bytes twice in one run: the second is a duplicate', () => {
    const taken = [
      [A, false],
      [A, true],
    ] as const;
    expect(counts(taken, { [A]: ended('sent') })).toEqual({
      ...{ ...NONE, fetched: 2, delivered: 1, duplicate: 1 },
    });
  });

  test('what an earlier run left open is carried, once', () => {
    const items = { [A]: ended('sent'), [B]: ended('failed'), [C]: ended('sent') };
    expect(counts([[C, false]], items, [A, B, C, D])).toEqual({
      ...{ ...NONE, fetched: 1, carried: 3, delivered: 2, failed: 1, deferred: 1 },
    });
  });
});

describe('isWell', () => {
  const well = summarise({
    openBefore: new Set(),
    fetched: [{ id: 'chris', outcome: outcome([]) }],
    items: new Map(),
  });

  test.each([
    ['nothing to do', {}, true],
    [
      'delivered, undeliverable and duplicate',
      { delivered: 1, undeliverable: 1, duplicate: 1 },
      true,
    ],
    ['deferred', { deferred: 1 }, false],
    ['failed', { failed: 1 }, false],
    ['held', { held: 1 }, false],
  ])('%s', (_what, messages, expected) => {
    expect(isWell({ ...well, messages: { ...well.messages, ...messages } })).toBe(expected);
  });

  test.each(['busy', 'failed', 'partial'] as const)('a mailbox that is %s is not', (status) => {
    const mailboxes = well.mailboxes.map((one) => ({ ...one, status }));
    expect(isWell({ ...well, mailboxes })).toBe(false);
  });
});
