import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { MailboxLedger } from '../../shared/ledger/ledger.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import type { MailboxRecord } from '../../shared/ledger/mailbox-record.ts';
import { beginRun, requestFetch } from '../../shared/ledger/mailbox-transitions.ts';
import { EVENTUAL } from './eventual.ts';

export interface MailboxLedgerUnderTest {
  readonly ledger: MailboxLedger;
  readonly close: () => Promise<void>;
}

const RECORD: MailboxRecord = {
  lease: {
    owner: 'run 1',
    until: 120_000,
    purpose: 'look',
    progress: { messages: 1, ofMessages: 2, octets: 3, ofOctets: 4 },
  },
  lastStartedAt: 0,
  lastEndedAt: null,
  lastSuccessAt: 5,
  lastMailAt: 4,
  habit: {
    knownSince: 1,
    since: 2,
    present: { count: 3, longestMs: 4 },
    before: { count: 5, longestMs: 6 },
    told: true,
  },
  requestedAt: null,
  lastRun: {
    status: 'failed',
    fetched: 0,
    bytes: 0,
    left: 3,
    error: { kind: 'login', message: 'expected +OK, got "-ERR kennwort ung\u00fcltig"' },
  },
  maildrop: {
    account: 'digest',
    firstRunAt: 1,
    backlogRecorded: true,
    earlier: [{ account: 'former', firstRunAt: 0 }],
    deleBegunIn: 4,
    renumbering: { at: 3, noticed: false },
    listing: { digest: 'd', unsettled: ['s'], dueAt: null, recorded: 2, left: 0 },
    goesOn: true,
    staying: { tooLarge: 1, unretrievable: 0, skipped: 3 },
  },
  brokenPipelining: { connection: 'c', at: 7 },
  trouble: {
    since: 6,
    failures: 3,
    retryAt: 7_200_000,
    connection: 'digest of the settings',
    refused: { credentials: 'keyed digest', times: 3, message: 'falsch', suspendedAt: 9 },
    told: true,
  },
  pace: { connection: 'digest of the settings', loginAt: 8, delayMs: 900_000, refusals: 1 },
  news: [{ kind: 'suspended', at: 9, since: 6, failures: 3, error: null }],
};

/** What every mailbox ledger keeps. */
export function mailboxLedgerContract(
  name: string,
  make: () => Promise<MailboxLedgerUnderTest>,
): void {
  describe(`${name} keeps the mailbox ledger's contract`, () => {
    let used: MailboxLedgerUnderTest;
    let ledger: MailboxLedger;
    beforeEach(async () => {
      used = await make();
      ledger = used.ledger;
    });
    afterEach(async () => {
      await used.close();
    });

    it('knows nothing of a mailbox that never ran', async () => {
      expect(await ledger.read('sales')).toBeNull();
      const answer = await ledger.change('sales', (record) => ({ store: null, answer: record }));
      expect(answer).toBeNull();
      expect(await ledger.read('sales')).toBeNull();
    });

    it('gives back what was stored, passes the answer on, and keeps mailboxes apart', async () => {
      expect(await ledger.change('sales', () => ({ store: RECORD, answer: 'taken' }))).toBe(
        'taken',
      );
      await expect.poll(() => ledger.read('sales'), EVENTUAL).toEqual(RECORD);
      expect(await ledger.read('office')).toBeNull();
      expect(await ledger.read('Sales')).toBeNull();
    });

    it('leaves the record when nothing is to be stored, and when the transition throws', async () => {
      await ledger.change('sales', () => ({ store: RECORD, answer: null }));
      await ledger.change('sales', () => ({ store: null, answer: null }));
      const fault = new Error('no such state');
      const changing = ledger.change('sales', () => {
        throw fault;
      });
      await expect(changing).rejects.toBe(fault);
      await expect.poll(() => ledger.read('sales'), EVENTUAL).toEqual(RECORD);
    });

    it('gives the lease to one of twenty that race', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          ledger.change('sales', beginRun({ owner: `run ${at}`, now: 1000, until: 121_000 })),
        ),
      );
      const kinds = answers.map(({ kind }) => kind);
      expect(kinds.filter((one) => one === 'taken')).toHaveLength(1);
      const winner = `run ${kinds.indexOf('taken')}`;
      await expect
        .poll(async () => (await ledger.read('sales'))?.lease?.owner, EVENTUAL)
        .toBe(winner);
    });

    it('knows nothing of what an older version did not know yet', async () => {
      const { lease, lastStartedAt, lastEndedAt, lastSuccessAt, requestedAt, lastRun } = RECORD;
      const older = { lease, lastStartedAt, lastEndedAt, lastSuccessAt, requestedAt, lastRun };
      await ledger.change('sales', () => ({ store: older as MailboxRecord, answer: null }));
      const whole = { ...NO_MAILBOX_RECORD, ...older };
      await expect.poll(() => ledger.read('sales'), EVENTUAL).toEqual(whole);
    });

    it('loses neither of two changes to different fields that race', async () => {
      for (let round = 1; round <= 10; round += 1) {
        const id = `box-${round}`;
        await Promise.all([
          ledger.change(id, requestFetch(2000)),
          ledger.change(
            id,
            beginRun({ owner: 'test', now: 1000, until: 121_000, purpose: 'look' }),
          ),
        ]);
        const expected = {
          ...NO_MAILBOX_RECORD,
          lease: { owner: 'test', until: 121_000, purpose: 'look' },
          requestedAt: 2000,
        };
        await expect.poll(() => ledger.read(id), EVENTUAL).toEqual(expected);
      }
    });
  });
}
