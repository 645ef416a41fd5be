import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  isSuspended,
  troubleAfterFailure,
  troubleAfterSuccess,
} from '../../shared/ledger/mailbox-trouble.ts';
import type { SessionFault, Trouble, TroubleChange } from '../../shared/ledger/mailbox-trouble.ts';

const SERVER: SessionFault = { kind: 'server', credentials: null };
const LATER: SessionFault = { kind: 'later', credentials: null };
const OWN: SessionFault = { kind: 'own', credentials: null };
const MINUTE = 60_000;

function refusal(credentials: string): SessionFault {
  return { kind: 'password', credentials };
}

/** One failed run after the other, a minute apart, the first at minute 1. */
function afterFailures(
  faults: readonly SessionFault[],
  connection = 'c',
): readonly (TroubleChange & { trouble: Trouble })[] {
  const changes: (TroubleChange & { trouble: Trouble })[] = [];
  for (const [at, fault] of faults.entries()) {
    const { trouble, news } = troubleAfterFailure(changes.at(-1)?.trouble ?? null, {
      error: { kind: 'connect', message: `failure ${at + 1}` },
      fault,
      connection,
      now: (at + 1) * MINUTE,
      gapAfter: (failures) => failures * 1000,
    });
    if (trouble === null) throw new Error('expected trouble after a failure, got none');
    changes.push({ trouble, news });
  }
  return changes;
}

describe('a mailbox that fails', () => {
  it('backs off from the end of each run, by how many failed', () => {
    const changes = afterFailures([SERVER, SERVER, LATER]);
    expect(changes.map(({ trouble }) => trouble.retryAt)).toEqual([61_000, 122_000, 183_000]);
    expect(changes.at(-1)?.trouble).toMatchObject({ since: MINUTE, failures: 3 });
  });

  it('backs off from nobody when the fault is ours', () => {
    expect(afterFailures([SERVER, OWN]).at(-1)?.trouble.retryAt).toBeNull();
  });

  it('is told at the third failure in a row, and not again', () => {
    const news = afterFailures(Array.from({ length: 20 }, () => SERVER)).map((one) => one.news);
    const told = news.filter((one) => one !== null);
    expect(told).toEqual([
      {
        kind: 'failing',
        at: 3 * MINUTE,
        since: MINUTE,
        failures: 3,
        error: { kind: 'connect', message: 'failure 3' },
      },
    ]);
    expect(news.findIndex((one) => one !== null)).toBe(2);
  });

  it('is given an hour when the server only asks to come later', () => {
    const changes = afterFailures(Array.from({ length: 100 }, () => LATER));
    expect(changes.findIndex(({ news }) => news !== null)).toBe(60);
  });
});

describe('a mailbox that is well again', () => {
  it('is told once, where it was told that it failed', () => {
    const last = afterFailures([SERVER, SERVER, SERVER]).at(-1)?.trouble ?? null;
    expect(troubleAfterSuccess(last, 9 * MINUTE)).toEqual({
      trouble: null,
      news: { kind: 'well', at: 9 * MINUTE, since: MINUTE, failures: 3, error: null },
    });
    expect(troubleAfterSuccess(null, 9 * MINUTE)).toEqual({ trouble: null, news: null });
  });

  it('is no news after a failure or two', () => {
    const last = afterFailures([SERVER, SERVER]).at(-1)?.trouble ?? null;
    expect(troubleAfterSuccess(last, 9 * MINUTE)).toEqual({ trouble: null, news: null });
  });
});

describe('a refused password', () => {
  it('suspends at the third time, and that is told instead of the failing', () => {
    const changes = afterFailures([refusal('k'), refusal('k'), refusal('k')]);
    expect(changes.map(({ news }) => news?.kind ?? null)).toEqual([null, null, 'suspended']);
    const { trouble } = changes.at(-1) ?? {};
    expect(trouble?.refused).toEqual({
      credentials: 'k',
      times: 3,
      message: 'failure 3',
      suspendedAt: 3 * MINUTE,
    });
    expect(isSuspended(trouble ?? null, 'k')).toBe(true);
    expect(isSuspended(trouble ?? null, 'another')).toBe(false);
  });

  it('counts on over faults that say nothing of it', () => {
    const faults = [refusal('k'), SERVER, OWN, refusal('k'), LATER, refusal('k')];
    const changes = afterFailures(faults);
    expect(changes.map(({ news }) => news?.kind ?? null)).toEqual([
      ...[null, null, 'failing', null, null],
      'suspended',
    ]);
  });

  it('counts anew for other credentials, which are told anew', () => {
    const three = (credentials: string) => Array.from({ length: 3 }, () => refusal(credentials));
    const changes = afterFailures([...three('old'), ...three('new')]);
    expect(changes.map(({ news }) => news?.kind ?? null)).toEqual([
      ...[null, null, 'suspended'],
      ...[null, null, 'suspended'],
    ]);
    expect(isSuspended(changes.at(-1)?.trouble ?? null, 'old')).toBe(false);
  });

  it('nothing but refused passwords ever suspends', () => {
    const fault = fc.constantFrom(SERVER, LATER, OWN, refusal('a'), refusal('b'));
    fc.assert(
      fc.property(fc.array(fault, { minLength: 1, maxLength: 30 }), (faults) => {
        const trouble = afterFailures(faults).at(-1)?.trouble ?? null;
        const judged = faults.filter(({ kind }) => kind === 'password');
        const last = judged.at(-1)?.credentials ?? null;
        const inARow = judged.length - 1 - judged.findLastIndex((one) => one.credentials !== last);
        expect(trouble?.refused?.times ?? 0).toBe(judged.length === 0 ? 0 : inARow);
        expect(trouble?.refused?.suspendedAt != null).toBe(inARow >= 3);
      }),
    );
  });
});
