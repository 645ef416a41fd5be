import { describe, expect, test } from 'vitest';

import { uidlFacts } from '../../../../functions/api/look/uidl-facts.ts';
import type { Listing, MessageNumber } from '../../../../shared/pop3/maildrop.ts';

function listing(uidls: readonly (string | null)[], hasUidl = true): Listing {
  const mails = uidls.map((uidl, at) => ({ number: (at + 1) as MessageNumber, size: 10, uidl }));
  return { mails, hasUidl, unreadable: 0 };
}

describe('what two listings tell of UIDLs', () => {
  test.each([
    ['the same', ['a', 'b'], ['a', 'b'], true],
    ['new mail beside them', ['a', 'b'], ['a', 'b', 'c'], true],
    ['all others, as many', ['a', 'b'], ['c', 'd'], false],
    ['one of them another', ['a', 'b'], ['a', 'x'], false],
    ['one deleted meanwhile', ['a', 'b'], ['a'], null],
    ['all deleted meanwhile', ['a', 'b'], [], null],
    ['nothing to compare', [], [], null],
    ['a message whose line was broken', ['a', null], ['a', null], true],
    ['nothing but broken lines', [null], [null], null],
  ] as const)('%s: stable is %j → %j → %s', (_what, first, second, stable) => {
    const facts = uidlFacts(listing(first), listing(second));
    expect(facts.stable).toBe(stable);
  });

  test('one session alone says nothing about it, and no UIDL at all neither', () => {
    expect(uidlFacts(listing(['a']), null).stable).toBeNull();
    const without = listing([null, null], false);
    expect(uidlFacts(without, without)).toMatchObject({
      supported: false,
      stable: null,
      longest: 0,
    });
  });

  test('ids that stand for two, message numbers, and the longest', () => {
    expect(uidlFacts(listing(['a', 'a', 'b']), null)).toMatchObject({
      repeated: 1,
      numbers: false,
    });
    expect(uidlFacts(listing(['1', '2']), null)).toMatchObject({ repeated: 0, numbers: true });
    expect(uidlFacts(listing(['1']), null).numbers).toBe(false);
    expect(uidlFacts(listing(['x'.repeat(80), 'y']), null).longest).toBe(80);
  });
});
