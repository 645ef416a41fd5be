import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { UidlLedger } from '../../shared/ledger/ledger.ts';
import type { MaildropAccount, UidlRecord, UidlState } from '../../shared/ledger/uidl-record.ts';
import { sha256Of } from '../support/spooled-message.ts';
import { takenState, uidlRecord } from '../support/uidl-records.ts';
import { EVENTUAL } from './eventual.ts';

export interface UidlLedgerUnderTest {
  readonly ledger: UidlLedger;
  readonly close: () => Promise<void>;
}

const ACCOUNT: MaildropAccount = {
  mailbox: 'sales',
  host: 'pop.provider.example',
  username: 'sales@corp.example',
};

/** About now: an adapter may have the database expire what is past by the real clock. */
const NOW = Date.now();

const OTHER_STATES: readonly UidlState[] = [
  { kind: 'untaken' },
  { kind: 'oversize', noticed: false },
  { kind: 'oversize', noticed: true },
  { kind: 'backlog', read: false, date: null },
  { kind: 'backlog', read: true, date: null },
  { kind: 'backlog', read: true, date: -5 },
];

/** What every UIDL ledger keeps. */
export function uidlLedgerContract(name: string, make: () => Promise<UidlLedgerUnderTest>): void {
  describe(`${name} keeps the UIDL ledger's contract`, () => {
    let used: UidlLedgerUnderTest;
    let ledger: UidlLedger;
    beforeEach(async () => {
      used = await make();
      ledger = used.ledger;
    });
    afterEach(async () => {
      await used.close();
    });

    it('knows nothing of what was never recorded', async () => {
      expect(await ledger.find(ACCOUNT, [])).toEqual(new Map());
      expect(await ledger.find(ACCOUNT, [recordOf(1).uidlHash])).toEqual(new Map());
      await ledger.record(ACCOUNT, []);
    });

    it('gives back what was recorded', async () => {
      const records = [recordOf(1), recordOf(2, { size: 0, seenAt: 0, firstSeenAt: 0 })];
      await ledger.record(ACCOUNT, records);
      await expect.poll(() => found(ledger, records), EVENTUAL).toEqual(records);
    });

    it.each<[string, Partial<UidlRecord>]>([
      ['about to be deleted', { state: takenState({ deleIn: NOW }), goneAt: NOW }],
      ['whose DELE an older version sent', { state: takenState({ deleIn: 0 }) }],
      ['whose UIDL stood for two', { state: takenState({ shared: true }), firstSeenAt: 1 }],
      ...OTHER_STATES.map((state): [string, Partial<UidlRecord>] => [
        JSON.stringify(state),
        { state },
      ]),
      ['without a header digest', { state: { kind: 'untaken' }, headerDigest: null }],
      ['that failed', { trouble: { failures: 1, at: 0, nextTryAt: 0, noticed: false } }],
      ['given up for now', { trouble: { failures: 3, at: 5, nextTryAt: NOW, noticed: true } }],
      ['gone', { goneAt: NOW, firstSeenAt: 0 }],
    ])('gives back one %s', async (_, known) => {
      const record = recordOf(1, known);
      await ledger.record(ACCOUNT, [record]);
      await expect.poll(() => found(ledger, [record]), EVENTUAL).toEqual([record]);
      await expect
        .poll(() => ledger.all(ACCOUNT), EVENTUAL)
        .toEqual(new Map([[record.uidlHash, record]]));
    });

    it('gives all 3,000 of an account, and nobody else’s', async () => {
      const all = Array.from({ length: 3000 }, (_, at) => recordOf(at));
      await ledger.record(ACCOUNT, all);
      await ledger.record({ ...ACCOUNT, mailbox: 'office' }, [recordOf(3001)]);
      const expected = new Map(all.map((record) => [record.uidlHash, record]));
      await expect.poll(() => ledger.all(ACCOUNT), EVENTUAL).toEqual(expected);
      expect(await ledger.all({ ...ACCOUNT, mailbox: 'nobody' })).toEqual(new Map());
    });

    it('replaces an older record of the same UIDL, and leaves the others', async () => {
      await ledger.record(ACCOUNT, [recordOf(1), recordOf(2)]);
      const state = takenState({ sha256: sha256Of(Buffer.from('new')), deleIn: 7 });
      const newer = recordOf(1, { state, size: 9 });
      await ledger.record(ACCOUNT, [newer]);
      await expect
        .poll(() => found(ledger, [recordOf(1), recordOf(2)]), EVENTUAL)
        .toEqual([newer, recordOf(2)]);
    });

    it('finds those that exist among 250, recorded in one go', async () => {
      const all = Array.from({ length: 250 }, (_, at) => recordOf(at));
      const there = all.filter((_, at) => at % 3 !== 0);
      await ledger.record(ACCOUNT, there);
      await expect.poll(() => found(ledger, all), EVENTUAL).toEqual(there);
    });

    it.each([
      ['mailbox', { mailbox: 'office' }],
      ['host', { host: 'pop2.provider.example' }],
      ['user', { username: 'office@corp.example' }],
      ['user that differs in case', { username: 'Sales@corp.example' }],
      // What joins the parts must not be something that may stand in them.
      [
        'split between host and user',
        { host: 'pop.provider.example/sales', username: '@corp.example' },
      ],
    ])('keeps accounts apart by %s', async (_, difference) => {
      const other = { ...ACCOUNT, ...difference };
      await ledger.record(ACCOUNT, [recordOf(1)]);
      await ledger.record(other, [recordOf(2)]);
      const both = [recordOf(1), recordOf(2)];
      await expect.poll(() => found(ledger, both), EVENTUAL).toEqual([recordOf(1)]);
      await expect.poll(() => found(ledger, both, other), EVENTUAL).toEqual([recordOf(2)]);
    });

    it('takes a host for the same however it is written (RFC 4343: names are compared without case)', async () => {
      await ledger.record(ACCOUNT, [recordOf(1)]);
      const shouted = { ...ACCOUNT, host: 'POP.Provider.Example' };
      await expect
        .poll(() => found(ledger, [recordOf(1)], shouted), EVENTUAL)
        .toEqual([recordOf(1)]);
    });
  });
}

async function found(
  ledger: UidlLedger,
  records: readonly UidlRecord[],
  account = ACCOUNT,
): Promise<UidlRecord[]> {
  const hashes = records.map(({ uidlHash }) => uidlHash);
  const byHash = await ledger.find(account, hashes);
  expect([...byHash].every(([hash, record]) => hash === record.uidlHash)).toBe(true);
  return hashes.flatMap((hash) => byHash.get(hash) ?? []);
}

function recordOf(number: number, known: Partial<UidlRecord> = {}): UidlRecord {
  return uidlRecord({
    uidlHash: sha256Of(Buffer.from(`uidl ${number}`)),
    state: takenState({ sha256: sha256Of(Buffer.from(`message ${number}`)) }),
    size: 1000 + number,
    headerDigest: sha256Of(Buffer.from(`header ${number}`)),
    firstSeenAt: 5000 + number,
    seenAt: 5000 + number,
    ...known,
  });
}
