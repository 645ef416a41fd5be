import { describe, expect, test } from 'vitest';

import { planRetrieval } from '../../../functions/fetch/plan-retrieval.ts';
import type { KnownListing } from '../../../functions/fetch/plan-retrieval.ts';
import { hashUidl } from '../../../functions/fetch/uidl-hash.ts';
import { takenState, uidlRecord } from '../../support/uidl-records.ts';
import type { UidlRecord } from '../../../shared/ledger/uidl-record.ts';
import type { ListedMail, MessageNumber } from '../../../shared/pop3/maildrop.ts';

const NO_LIMIT = null;

function listed(number: number, uidl: string | null, size = 100): ListedMail {
  return { number: number as MessageNumber, size, uidl };
}

function listing(
  mails: readonly ListedMail[],
  known: Readonly<Record<string, Partial<UidlRecord>>> = {},
  rest: Partial<KnownListing> = {},
): KnownListing {
  const records = Object.entries(known).map(([uidl, record]): [string, UidlRecord] => {
    const uidlHash = hashUidl(uidl);
    return [uidlHash, uidlRecord({ uidlHash, size: 100, ...record })];
  });
  return { mails, hasUidl: true, unreadable: 0, known: new Map(records), ...rest };
}

function numbers(mails: readonly ListedMail[]): number[] {
  return mails.map(({ number }) => number);
}

describe('planRetrieval', () => {
  test('keep none: all that is listed, known or not, in the server’s order', () => {
    const mails = [listed(1, 'a'), listed(2, 'b'), listed(5, null)];
    const plan = planRetrieval(listing(mails, { a: {} }), 'none', NO_LIMIT);
    expect(numbers(plan.retrieve)).toEqual([1, 2, 5]);
    expect(plan.tooLarge).toEqual([]);
  });

  test.each([
    ['known', { a: {} }, []],
    ['unknown', {}, [1]],
    ['of another size', { a: { size: 99 } }, [1]],
    ['deleted before', { a: { state: takenState({ deleIn: 0 }) } }, [1]],
  ])('keep forever: a UIDL that is %s', (_what, known, retrieved) => {
    const plan = planRetrieval(listing([listed(1, 'a')], known), 'forever', NO_LIMIT);
    expect(numbers(plan.retrieve)).toEqual(retrieved);
  });

  test('keep forever: a UIDL that stands twice proves nothing', () => {
    const mails = [listed(1, 'a'), listed(2, 'a'), listed(3, 'b')];
    const plan = planRetrieval(listing(mails, { a: {}, b: {} }), 'forever', NO_LIMIT);
    expect(numbers(plan.retrieve)).toEqual([1, 2]);
  });

  test('a broken UIDL line: left alone where it would be new for ever, retrieved where it is deleted', () => {
    const one = listing([listed(1, null), listed(2, 'b')], {}, { unreadable: 2 });
    const kept = planRetrieval(one, 'forever', NO_LIMIT);
    expect(numbers(kept.retrieve)).toEqual([2]);
    expect(kept.unreadable).toBe(2);
    const taken = planRetrieval(one, 'none', NO_LIMIT);
    expect(numbers(taken.retrieve)).toEqual([1, 2]);
    expect(taken.unreadable).toBe(1);
  });

  test('a message at the limit is retrieved, one above it is not', () => {
    const mails = [listed(1, 'a', 11), listed(2, 'b', 10), listed(3, 'c', 1), listed(4, 'd', 1)];
    const plan = planRetrieval(listing(mails), 'none', 10);
    expect(numbers(plan.retrieve)).toEqual([2, 3, 4]);
    expect(numbers(plan.tooLarge)).toEqual([1]);
  });
});
