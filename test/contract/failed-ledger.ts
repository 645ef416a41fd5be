import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { beginTelling, endTelling, noteFailure } from '../../shared/ledger/cause-transitions.ts';
import { endComparison, noteDifferences } from '../../shared/ledger/comparison-record.ts';
import type {
  CauseLedger,
  ComparisonLedger,
  FailedIndex,
  RetryLedger,
} from '../../shared/ledger/failed-ledger.ts';
import type { MessageLedger } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { NO_HISTORY } from '../../shared/ledger/message-transitions.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import { collected } from '../support/collected.ts';
import { decisionFor, waitingItem } from '../support/message-items.ts';
import { sha256Of } from '../support/spooled-message.ts';
import { EVENTUAL } from './eventual.ts';

interface UnderTest<Ledger> {
  readonly ledger: Ledger;
  readonly close: () => Promise<void>;
}

const KEY = { mailbox: 'sales', sha256: sha256Of(Buffer.from('message')) };
const OTHER = { ...KEY, mailbox: '_notices' };

/** What every ledger keeps of failed mail that is tried again. */
export function retryLedgerContract(
  name: string,
  make: () => Promise<UnderTest<RetryLedger>>,
): void {
  describe(`${name} keeps the contract of the retries' ledger`, () => {
    let used: UnderTest<RetryLedger>;
    let ledger: RetryLedger;
    beforeEach(async () => {
      used = await make();
      ledger = used.ledger;
    });
    afterEach(async () => {
      await used.close();
    });

    it('lists those that are under way, each once, as they were last begun', async () => {
      expect(await ledger.underWay()).toEqual([]);
      await ledger.begin(KEY, 1000);
      await ledger.begin(OTHER, 1500);
      await ledger.begin(KEY, 2000);
      const found = await ledger.underWay();
      expect(found).toHaveLength(2);
      expect(found).toContainEqual({ key: KEY, at: 2000 });
      expect(found).toContainEqual({ key: OTHER, at: 1500 });
    });

    it('drops one that has ended, once and for all, and bears the end of none', async () => {
      await ledger.begin(KEY, 1000);
      await ledger.end(KEY, 1000);
      await ledger.end(KEY, 1000);
      await ledger.end(OTHER, 1000);
      await expect.poll(() => ledger.underWay(), EVENTUAL).toEqual([]);
    });

    it('keeps one that was begun after the one that ended', async () => {
      await ledger.begin(KEY, 1000);
      await ledger.begin(KEY, 2000);
      await ledger.end(KEY, 1000);
      expect(await ledger.underWay()).toEqual([{ key: KEY, at: 2000 }]);
      await ledger.end(KEY, 2000);
      await ledger.begin(KEY, 3000);
      expect(await ledger.underWay()).toEqual([{ key: KEY, at: 3000 }]);
    });
  });
}

const CAUSE = sha256Of(Buffer.from('cause'));
const FAILURE = {
  to: 'admin@corp.example',
  words: 'refused "550 5.1.1" \u2026',
  message: 'sales/0f',
  at: 1000,
};

/** What every ledger keeps of the causes of failures. */
export function causeLedgerContract(
  name: string,
  make: () => Promise<UnderTest<CauseLedger>>,
): void {
  describe(`${name} keeps the contract of the causes' ledger`, () => {
    let used: UnderTest<CauseLedger>;
    let ledger: CauseLedger;
    beforeEach(async () => {
      used = await make();
      ledger = used.ledger;
    });
    afterEach(async () => {
      await used.close();
    });

    it('has every cause that was written, as it was left', async () => {
      expect(await ledger.all()).toEqual(new Map());
      await ledger.change(CAUSE, noteFailure(FAILURE));
      const left = await ledger.change(CAUSE, (record) => ({ store: null, answer: record }));
      expect(left).toMatchObject({ to: FAILURE.to, words: FAILURE.words, since: 1000 });
      await expect.poll(() => ledger.all(), EVENTUAL).toEqual(new Map([[CAUSE, left]]));
    });

    it('counts each of twenty failures that race', async () => {
      const numbers = Array.from({ length: 20 }, (_, at) => at);
      await Promise.all(
        numbers.map((at) =>
          ledger.change(CAUSE, noteFailure({ ...FAILURE, message: `sales/${at}` })),
        ),
      );
      const record = (await ledger.all()).get(CAUSE);
      expect((record?.single.length ?? 0) + (record?.further.count ?? 0)).toBe(20);
    });

    it('lets a cause be told and go on', async () => {
      for (let at = 0; at < 5; at += 1) {
        await ledger.change(CAUSE, noteFailure({ ...FAILURE, message: `sales/${at}` }));
      }
      expect(await ledger.change(CAUSE, beginTelling(1000, true))).toMatchObject({
        telling: { count: 2 },
        told: 0,
      });
      await ledger.change(CAUSE, endTelling(0));
      expect((await ledger.all()).get(CAUSE)).toMatchObject({ telling: null, told: 1 });
    });
  });
}

/** What every ledger knows of messages whose copy should lie in `Failed/`. */
export function failedIndexContract(
  name: string,
  make: () => Promise<
    UnderTest<{ readonly failed: FailedIndex; readonly messages: MessageLedger }>
  >,
): void {
  describe(`${name} keeps the contract of the index of failed messages`, () => {
    let used: Awaited<ReturnType<typeof make>>;
    beforeEach(async () => {
      used = await make();
    });
    afterEach(async () => {
      await used.close();
    });

    const store = (mailbox: string, item: MessageItem) =>
      used.ledger.messages.change({ ...KEY, mailbox }, () => ({ store: item, answer: null }));
    const names = async () => (await collected(used.ledger.failed.all())).map(formatKey).toSorted();
    const named = (...mailboxes: readonly string[]) =>
      mailboxes.map((mailbox) => formatKey({ ...KEY, mailbox }));

    const refused: MessageItem = {
      ...waitingItem(['chris@corp.example']),
      recipients: [
        {
          address: 'chris@corp.example',
          state: 'failed',
          attempts: 1,
          reason: 'refused',
          lastReply: null,
        },
      ],
      endedAt: 2000,
      failure: NO_HISTORY,
    };

    it('names those that failed or are held, and none that never did', async () => {
      expect(await names()).toEqual([]);
      await store('waiting', waitingItem(['chris@corp.example']));
      await store('undecided', waitingItem([], { decision: null, decidedAt: null }));
      await store('refused', refused);
      const held = { decision: decisionFor([], { outcome: 'held' }), failure: NO_HISTORY };
      await store('held', waitingItem([], { ...held, endedAt: 2000 }));
      await store('_notices', refused);
      await expect.poll(names, EVENTUAL).toEqual(named('_notices', 'held', 'refused'));
    });

    it('names none whose copy was removed for good', async () => {
      await store('refused', refused);
      await store('removed', refused);
      await store('removed', { ...refused, copyRemovedAt: 3000 });
      await expect.poll(names, EVENTUAL).toEqual(named('refused'));
    });
  });
}

/** What every ledger keeps of the daily comparison. */
export function comparisonLedgerContract(
  name: string,
  make: () => Promise<UnderTest<ComparisonLedger>>,
): void {
  describe(`${name} keeps the contract of the comparison's ledger`, () => {
    let used: UnderTest<ComparisonLedger>;
    beforeEach(async () => {
      used = await make();
    });
    afterEach(async () => {
      await used.close();
    });

    it('has the one record as it was left', async () => {
      const { ledger } = used;
      expect(await ledger.read()).toBeNull();
      const lost = { message: formatKey(KEY), kind: 'lost' as const };
      const found = { count: 1, listed: [lost] };
      expect(await ledger.change(noteDifferences(1000, [lost]))).toEqual({ since: 1000, found });
      expect(await ledger.read()).toMatchObject({ comparedAt: null, underWay: { found } });
      await ledger.change(endComparison(2000));
      expect(await ledger.read()).toEqual({ comparedAt: 2000, last: found, underWay: null });
    });
  });
}
