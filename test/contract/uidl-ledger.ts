import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { MaildropAccount, UidlLedger, UidlRecord } from '../../shared/ledger/ledger.ts';
import { sha256Of } from '../support/spooled-message.ts';
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
      const records = [recordOf(1), recordOf(2, { size: 0, deleSent: true, seenAt: 0 })];
      await ledger.record(ACCOUNT, records);
      await expect.poll(() => found(ledger, records), EVENTUAL).toEqual(records);
    });

    it('replaces an older record of the same UIDL, and leaves the others', async () => {
      await ledger.record(ACCOUNT, [recordOf(1), recordOf(2)]);
      const newer = recordOf(1, { sha256: sha256Of(Buffer.from('new')), size: 9, deleSent: true });
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
  return {
    uidlHash: sha256Of(Buffer.from(`uidl ${number}`)),
    sha256: sha256Of(Buffer.from(`message ${number}`)),
    size: 1000 + number,
    headerDigest: sha256Of(Buffer.from(`header ${number}`)),
    deleSent: false,
    seenAt: 5000 + number,
    ...known,
  };
}
