import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { DuplicateClaim, DuplicateLedger } from '../../shared/ledger/ledger.ts';
import { sha256Of } from '../support/spooled-message.ts';

export interface DuplicateLedgerUnderTest {
  readonly ledger: DuplicateLedger;
  readonly close: () => Promise<void>;
}

const CLAIM: DuplicateClaim = {
  mailbox: 'everyone',
  recipient: 'chris@corp.example',
  duplicateKey: sha256Of(Buffer.from('duplicate key')),
};
const DAY = 24 * 3_600_000;
/** About now: an adapter may have the database expire what is past by the real clock. Whole seconds, as DynamoDB's. */
const NOW = Math.floor(Date.now() / 1000) * 1000;
const TIMES = { now: NOW, expiresAt: NOW + 14 * DAY };

const FIRST = sha256Of(Buffer.from('first'));
const SECOND = sha256Of(Buffer.from('second'));

/** What every duplicate ledger keeps. */
export function duplicateLedgerContract(
  name: string,
  make: () => Promise<DuplicateLedgerUnderTest>,
): void {
  describe(`${name} keeps the duplicate ledger's contract`, () => {
    let used: DuplicateLedgerUnderTest;
    let ledger: DuplicateLedger;
    beforeEach(async () => {
      used = await make();
      ledger = used.ledger;
    });
    afterEach(async () => {
      await used.close();
    });

    it('gives a claim to who is first, and names that one to all others', async () => {
      expect(await ledger.claim([CLAIM], FIRST, TIMES)).toEqual([FIRST]);
      expect(await ledger.claim([CLAIM], SECOND, TIMES)).toEqual([FIRST]);
      expect(await ledger.claim([CLAIM], SECOND, TIMES)).toEqual([FIRST]);
    });

    it('lets the owner pass its own claim again', async () => {
      for (let attempt = 0; attempt < 3; attempt += 1) {
        expect(await ledger.claim([CLAIM], FIRST, TIMES)).toEqual([FIRST]);
      }
    });

    it('agrees on one of twenty that race', async () => {
      const owners = Array.from({ length: 20 }, (_, at) => sha256Of(Buffer.from(`${at}`)));
      const answers = await Promise.all(owners.map((one) => ledger.claim([CLAIM], one, TIMES)));
      const winners = new Set(answers.flat());
      expect(winners.size).toBe(1);
      expect(owners).toContain([...winners][0]);
    });

    it.each([
      ['recipient', { recipient: 'kelly@corp.example' }],
      ['mailbox', { mailbox: 'sales' }],
      ['key', { duplicateKey: sha256Of(Buffer.from('another key')) }],
      ['parts that join to the same', { mailbox: 'everyone/chris', recipient: '@corp.example' }],
    ])('keeps claims apart by %s', async (_, difference) => {
      await ledger.claim([CLAIM], FIRST, TIMES);
      const other = { ...CLAIM, ...difference };
      expect(await ledger.claim([other], SECOND, TIMES)).toEqual([SECOND]);
      expect(await ledger.claim([CLAIM], SECOND, TIMES)).toEqual([FIRST]);
    });

    it('answers for each of many in the order asked', async () => {
      const claims = Array.from({ length: 150 }, (_, at) => ({
        ...CLAIM,
        recipient: `somebody-${at}@corp.example`,
      }));
      const taken = claims.filter((_, at) => at % 7 === 0);
      expect(await ledger.claim(taken, FIRST, TIMES)).toEqual(taken.map(() => FIRST));
      const expected = claims.map((_, at) => (at % 7 === 0 ? FIRST : SECOND));
      expect(await ledger.claim(claims, SECOND, TIMES)).toEqual(expected);
      expect(await ledger.claim([], SECOND, TIMES)).toEqual([]);
    });

    it('gives the same claim, asked for twice at once, to the same', async () => {
      expect(await ledger.claim([CLAIM, CLAIM], FIRST, TIMES)).toEqual([FIRST, FIRST]);
    });

    it('holds a claim until it expires, and then it is free', async () => {
      const expiresAt = NOW + DAY;
      await ledger.claim([CLAIM], FIRST, { now: NOW, expiresAt });
      const early = { now: expiresAt - 1000, expiresAt: expiresAt + DAY };
      expect(await ledger.claim([CLAIM], SECOND, early)).toEqual([FIRST]);
      const late = { now: expiresAt, expiresAt: expiresAt + DAY };
      expect(await ledger.claim([CLAIM], SECOND, late)).toEqual([SECOND]);
      expect(await ledger.claim([CLAIM], FIRST, late)).toEqual([SECOND]);
    });

    it('lasts from the last time that the owner claimed it', async () => {
      await ledger.claim([CLAIM], FIRST, { now: NOW, expiresAt: NOW + DAY });
      const renewed = { now: NOW + DAY / 2, expiresAt: NOW + 2 * DAY };
      await ledger.claim([CLAIM], FIRST, renewed);
      const between = { now: NOW + DAY + DAY / 2, expiresAt: NOW + 3 * DAY };
      expect(await ledger.claim([CLAIM], SECOND, between)).toEqual([FIRST]);
    });
  });
}
