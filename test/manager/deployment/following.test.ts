import { describe, expect, test } from 'vitest';

import type { RequestedFetch } from '../../../functions/api/request-fetch.ts';
import { followFetch } from '../../../manager/deployment/follow-fetch.ts';
import type { Patience } from '../../../manager/deployment/follow-fetch.ts';
import { followMessages } from '../../../manager/deployment/follow-messages.ts';
import { NO_MAILBOX_RECORD } from '../../../shared/ledger/mailbox-record.ts';
import type { MailboxRecord } from '../../../shared/ledger/mailbox-record.ts';
import type { MessageItem } from '../../../shared/ledger/message-item.ts';
import type { Decision } from '../../../shared/routing/decision.ts';
import type { MailStore } from '../../../shared/store/mail-store.ts';
import { waitingItem } from '../../support/message-items.ts';
import { SetClock } from '../../support/set-clock.ts';

const KEY = { mailbox: 'sales', sha256: 'a'.repeat(64) };
const NAME = `sales/${KEY.sha256}`;
const HOUR = 3_600_000;

const DECISION: Decision = {
  outcome: 'deliver',
  recipients: [],
  ignored: [],
  ignoredCount: 0,
  mailFrom: '',
  edits: { add: [], remove: [], rename: {} },
  warnings: [],
};

describe('following runs', () => {
  /** Gives one record after the other; more looks than records are a failure of the test. */
  function ledgerOf(records: readonly Partial<MailboxRecord>[]) {
    const left = [...records];
    return {
      left,
      mailboxes: {
        read: () => {
          const next = left.shift();
          if (next === undefined) throw new Error('looked once more than expected');
          return Promise.resolve({ ...NO_MAILBOX_RECORD, ...next });
        },
        change: () => Promise.reject(new Error('follows only')),
      },
    };
  }

  const patient: Patience = { pause: () => Promise.resolve(), isOver: () => false };

  const noted = (startedBefore: number | null): RequestedFetch[] => [
    { mailbox: 'sales', answer: { kind: 'noted', startedBefore } },
  ];
  const joined: RequestedFetch[] = [
    { mailbox: 'sales', answer: { kind: 'joined', startedAt: 20 } },
  ];
  const lease = { owner: 'other', until: 9e15 };

  test('a request is answered by a run that began after it; one that died does not count', async () => {
    const records = [
      { lastStartedAt: 10, lastEndedAt: 11 },
      { lastStartedAt: 20, lastEndedAt: 11, lease },
      // Its lease has run out, and it never ended.
      { lastStartedAt: 20, lastEndedAt: 11 },
      { lastStartedAt: 30, lastEndedAt: 31, lastRun: null },
    ];
    const ledger = ledgerOf(records);
    const ended = await followFetch(ledger, noted(10), patient);
    expect(ended.get('sales')?.lastStartedAt).toBe(30);
    expect(ledger.left).toEqual([]);
  });

  test('a run that was joined answers when it ends, and tells how far it is', async () => {
    const progress = { messages: 1, ofMessages: 2, octets: 3, ofOctets: 4 };
    const ledger = ledgerOf([
      { lastStartedAt: 20, lastEndedAt: 11, lease: { ...lease, progress } },
      { lastStartedAt: 20, lastEndedAt: 25 },
    ]);
    const seen: unknown[] = [];
    const ended = await followFetch(ledger, joined, patient, (id, record) => {
      seen.push([id, record.lease?.progress]);
    });
    expect(ended.get('sales')?.lastEndedAt).toBe(25);
    expect(seen).toEqual([
      ['sales', progress],
      ['sales', undefined],
    ]);
  });

  test('the run that makes good one that was joined and died is waited for', async () => {
    const ledger = ledgerOf([
      { lastStartedAt: 20, lastEndedAt: 11, lease: { ...lease, until: 1 } },
      { lastStartedAt: 40, lastEndedAt: 11, lease },
      { lastStartedAt: 40, lastEndedAt: 41 },
    ]);
    const ended = await followFetch(ledger, joined, patient);
    expect(ended.get('sales')?.lastStartedAt).toBe(40);
  });

  test('a look at the mailbox is no run to wait for', async () => {
    const looking = { ...lease, purpose: 'look' as const };
    const ledger = ledgerOf([{ lastStartedAt: 20, lastEndedAt: 25, lease: looking }]);
    expect((await followFetch(ledger, joined, patient)).size).toBe(1);
  });

  test('a start before the one known counts as well: clocks of two machines are no order', async () => {
    const ledger = ledgerOf([{ lastStartedAt: 5, lastEndedAt: 6 }]);
    const ended = await followFetch(ledger, noted(10), patient);
    expect([...ended.keys()]).toEqual(['sales']);
  });

  test('out of patience, it gives what has ended', async () => {
    const ledger = ledgerOf([{}]);
    const over: Patience = { ...patient, isOver: () => true };
    expect((await followFetch(ledger, noted(null), over)).size).toBe(0);
  });
});

describe('following messages', () => {
  const clock = new SetClock();

  function itemOf(known: Partial<MessageItem>): MessageItem {
    return waitingItem(['a@corp.example'], {
      decision: DECISION,
      recipients: [waiting()],
      ...{ decidedAt: 0, arrivedAt: 0, queuedAt: 0 },
      ...known,
    });
  }

  function waiting(): MessageItem['recipients'][number] {
    return {
      address: 'a@corp.example',
      state: 'waiting',
      attempts: 0,
      reason: null,
      lastReply: null,
    };
  }

  const sent = [{ ...waiting(), state: 'sent' as const }];

  /** Each look shows the next of `items` (the last one again and again); each pause takes a minute. */
  function follow(items: readonly (MessageItem | null)[], stored: readonly boolean[] = [false]) {
    let looks = 0;
    let lists = 0;
    const messages = {
      find: () => {
        const item = items[Math.min(looks, items.length - 1)] ?? null;
        looks += 1;
        return Promise.resolve(new Map(item === null ? [] : [[NAME, item]]));
      },
      change: () => Promise.reject(new Error('follows only')),
    };
    const list = async function* () {
      await Promise.resolve();
      if (stored[Math.min(lists, stored.length - 1)] === true) yield { key: KEY, storedAt: 0 };
      lists += 1;
    };
    let pauses = 0;
    const patience: Patience = {
      pause: () => {
        pauses += 1;
        clock.advance(60_000);
        return Promise.resolve();
      },
      isOver: () => false,
    };
    const store = { list } as unknown as MailStore;
    const followed = followMessages({ messages, store, clock }, new Set([NAME]), patience);
    return followed.then((found) => ({ found, pauses }));
  }

  test('ends with the last recipient', async () => {
    const undecided = itemOf({ decision: null });
    const { found, pauses } = await follow([
      null,
      undecided,
      itemOf({ claim: { token: 't', until: 9e15 } }),
      itemOf({ recipients: sent }),
    ]);
    expect(pauses).toBe(3);
    expect(found.get(NAME)?.recipients).toEqual(sent);
  });

  test('waits for no later retry, but for an attempt under way and for one that is due', async () => {
    const later = itemOf({ nextDue: clock.now() + 24 * HOUR, deferrals: 1 });
    expect((await follow([later])).pauses).toBe(0);
    const claimed = { ...later, claim: { token: 't', until: 9e15 } };
    expect((await follow([claimed, later])).pauses).toBe(1);
    const due = { ...later, nextDue: clock.now() };
    expect((await follow([due, later])).pauses).toBe(1);
  });

  test('stands by while an attempt lasts, and gives up on what nothing happens to', async () => {
    const claimed = itemOf({ claim: { token: 't', until: 9e15 } });
    const long = Array.from({ length: 12 }, () => claimed);
    expect((await follow([...long, itemOf({ recipients: sent })])).pauses).toBe(12);
    // One look that shows it, one after a minute, and one after the next.
    const stuck = await follow([null]);
    expect(stuck.pauses).toBe(2);
    expect(stuck.found.size).toBe(0);
  });

  test('what has ended has to leave Incoming/ too', async () => {
    const { pauses } = await follow([itemOf({ recipients: sent })], [true, true, false]);
    expect(pauses).toBe(2);
  });
});
