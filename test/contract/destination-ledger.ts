import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { DestinationRecord } from '../../shared/ledger/destination-record.ts';
import { askDestination, tellDestination } from '../../shared/ledger/destination-transitions.ts';
import type { DestinationLedger } from '../../shared/ledger/ledger.ts';
import { EVENTUAL } from './eventual.ts';

export interface DestinationLedgerUnderTest {
  readonly ledger: DestinationLedger;
  readonly close: () => Promise<void>;
}

const RECORD: DestinationRecord = {
  identity: 'smtp mail.corp.example:587 starttls connector',
  host: 'mail.corp.example:587',
  failures: 3,
  downSince: 1000,
  fault: 'cannot connect: "no" \u2014 never',
  openUntil: 61_000,
  pauses: 1,
  probe: { token: 'somebody', until: 90_000 },
};

/** What every ledger of the destination keeps. */
export function destinationLedgerContract(
  name: string,
  make: () => Promise<DestinationLedgerUnderTest>,
): void {
  describe(`${name} keeps the contract of the destination's ledger`, () => {
    let used: DestinationLedgerUnderTest;
    let ledger: DestinationLedger;
    beforeEach(async () => {
      used = await make();
      ledger = used.ledger;
    });
    afterEach(async () => {
      await used.close();
    });

    it('knows nothing at first, and then what was stored last, octet for octet', async () => {
      expect(await ledger.read()).toBeNull();
      await ledger.change(() => ({ store: { ...RECORD, failures: 1 }, answer: null }));
      expect(await ledger.change(() => ({ store: RECORD, answer: 'mine' }))).toBe('mine');
      await expect.poll(() => ledger.read(), EVENTUAL).toEqual(RECORD);
    });

    it('leaves the record when nothing is to be stored, and when the transition throws', async () => {
      await ledger.change(() => ({ store: RECORD, answer: null }));
      await ledger.change(() => ({ store: null, answer: null }));
      const fault = new Error('no such state');
      const changing = ledger.change(() => {
        throw fault;
      });
      await expect(changing).rejects.toBe(fault);
      await expect.poll(() => ledger.read(), EVENTUAL).toEqual(RECORD);
    });

    it('makes one of twenty that race the probe', async () => {
      const open = { ...RECORD, probe: null };
      await ledger.change(() => ({ store: open, answer: null }));
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) => {
          const ask = {
            identity: RECORD.identity,
            token: `asker ${at}`,
            now: 61_000,
            until: 99_000,
          };
          return ledger.change(askDestination(ask));
        }),
      );
      expect(answers.filter(({ kind }) => kind === 'probe')).toHaveLength(1);
      expect(answers.filter(({ kind }) => kind === 'down')).toHaveLength(19);
    });

    it('counts every one of ten tries that race', async () => {
      const { identity, host } = RECORD;
      const told = { identity, host, token: 't', sign: 'down', fault: 'no', now: 5 } as const;
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => ledger.change(tellDestination(told))),
      );
      expect(answers.filter((answer) => answer === 'down')).toHaveLength(1);
    });
  });
}
