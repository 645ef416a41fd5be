import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { MessageLedger, Transition } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { waitingItem } from '../support/message-items.ts';
import { sha256Of } from '../support/spooled-message.ts';
import { EVENTUAL } from './eventual.ts';

export interface MessageLedgerUnderTest {
  readonly ledger: MessageLedger;
  readonly close: () => Promise<void>;
}

/** What every message ledger keeps. */
export function messageLedgerContract(
  name: string,
  make: () => Promise<MessageLedgerUnderTest>,
): void {
  describe(`${name} keeps the message ledger's contract`, () => {
    let used: MessageLedgerUnderTest;
    let ledger: MessageLedger;
    beforeEach(async () => {
      used = await make();
      ledger = used.ledger;
    });
    afterEach(async () => {
      await used.close();
    });

    const itemOf = async (key: MessageKey): Promise<MessageItem | undefined> =>
      (await ledger.find([key])).get(formatKey(key));
    /** As change sees it, which is the newest there is. */
    const newest = (key: MessageKey): Promise<MessageItem | null> =>
      ledger.change(key, (item) => ({ store: null, answer: item }));

    it('knows nothing of a key that was never written', async () => {
      expect(await ledger.find([])).toEqual(new Map());
      expect(await ledger.find([keyNumber(1)])).toEqual(new Map());
      expect(await newest(keyNumber(1))).toBeNull();
    });

    it('gives back what a transition stored, and passes its answer on', async () => {
      const item = waitingItem(['chris@corp.example'], { claim: { token: 't', until: 5 } });
      const answer = await ledger.change(keyNumber(1), stores(item, { some: 'answer' }));
      expect(answer).toEqual({ some: 'answer' });
      expect(await newest(keyNumber(1))).toEqual(item);
      await expect.poll(() => itemOf(keyNumber(1)), EVENTUAL).toEqual(item);
    });

    it('keeps every value: nulls, empty lists and texts, zero, text beyond ASCII', async () => {
      const item = waitingItem([], {
        decidedAt: null,
        arrivedAt: 0,
        decision: {
          outcome: 'held',
          recipients: [],
          ignored: [{ address: 'b\u00fcro@corp.example', source: 'To', reason: '' }],
          ignoredCount: 1,
          mailFrom: '',
          edits: { remove: [], rename: {}, add: ['X-Note: a "b"\r\n\tc\\d \u{1f4ee}'] },
          warnings: ['', 'loop'],
        },
      });
      await ledger.change(keyNumber(1), stores(item));
      expect(await newest(keyNumber(1))).toEqual(item);
    });

    it('leaves the item as it is when nothing is to be stored', async () => {
      const leave: Transition<MessageItem, string> = () => ({ store: null, answer: 'left' });
      expect(await ledger.change(keyNumber(1), leave)).toBe('left');
      expect(await newest(keyNumber(1))).toBeNull();
      const item = waitingItem(['chris@corp.example']);
      await ledger.change(keyNumber(1), stores(item));
      expect(await ledger.change(keyNumber(1), leave)).toBe('left');
      expect(await newest(keyNumber(1))).toEqual(item);
    });

    it('changes nothing when the transition throws, and lets that through', async () => {
      const fault = new Error('no such state');
      const faulty = (): never => {
        throw fault;
      };
      await expect(ledger.change(keyNumber(1), faulty)).rejects.toBe(fault);
      const item = waitingItem(['chris@corp.example']);
      await ledger.change(keyNumber(1), stores(item));
      await expect(ledger.change(keyNumber(1), faulty)).rejects.toBe(fault);
      expect(await newest(keyNumber(1))).toEqual(item);
    });

    it('loses none of twenty changes that race', async () => {
      const count: Transition<MessageItem, number> = (item) => {
        const deferrals = (item?.deferrals ?? 0) + 1;
        return { store: { ...(item ?? waitingItem([])), deferrals }, answer: deferrals };
      };
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => ledger.change(keyNumber(1), count)),
      );
      expect(answers.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
      expect((await newest(keyNumber(1)))?.deferrals).toBe(20);
    });

    it('lets one of twenty that race be the first', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          ledger.change(keyNumber(1), (item) =>
            item === null
              ? { store: waitingItem([], { queuedAt: at }), answer: at }
              : { store: null, answer: item.queuedAt },
          ),
        ),
      );
      expect(new Set(answers).size).toBe(1);
      expect((await newest(keyNumber(1)))?.queuedAt).toBe(answers[0]);
    });

    it('carries an item near the largest that is allowed', async () => {
      const addresses = Array.from({ length: 1000 }, (_, at) => `somebody-${at}@corp.example`);
      const item = waitingItem(addresses, {
        recipients: addresses.map((address) => ({
          address,
          state: 'waiting',
          attempts: 7,
          reason: null,
          lastReply: {
            code: 451,
            enhancedCode: '4.7.1',
            text: 'x'.repeat(70),
            host: 'mail.corp.example:587',
            at: 1,
          },
        })),
      });
      const octets = Buffer.byteLength(JSON.stringify(item));
      expect(octets).toBeGreaterThan(300_000);
      expect(octets).toBeLessThan(350_000);
      await ledger.change(keyNumber(1), stores(item));
      await ledger.change(keyNumber(1), (stored) => ({
        store: stored === null ? null : { ...stored, starts: 1 },
        answer: null,
      }));
      expect(await newest(keyNumber(1))).toEqual({ ...item, starts: 1 });
    });

    it('finds those that exist among 250 keys', async () => {
      const keys = Array.from({ length: 250 }, (_, at) => keyNumber(at));
      const there = keys.filter((_, at) => at % 3 === 0);
      await Promise.all(
        there.map((key, at) => ledger.change(key, stores(waitingItem([], { arrivedAt: at })))),
      );
      const expected = new Map(
        there.map((key, at) => [formatKey(key), waitingItem([], { arrivedAt: at })]),
      );
      await expect.poll(() => ledger.find(keys), EVENTUAL).toEqual(expected);
    });

    it('finds a key that is asked for twice', async () => {
      const item = waitingItem(['chris@corp.example']);
      await ledger.change(keyNumber(1), stores(item));
      await expect
        .poll(() => ledger.find([keyNumber(1), keyNumber(2), keyNumber(1)]), EVENTUAL)
        .toEqual(new Map([[formatKey(keyNumber(1)), item]]));
    });

    it('keeps the same octets of two mailboxes apart', async () => {
      const office = { ...keyNumber(1), mailbox: 'office' };
      await ledger.change(keyNumber(1), stores(waitingItem([])));
      expect(await newest(office)).toBeNull();
      await ledger.change(office, stores(waitingItem([], { starts: 2 })));
      expect((await newest(keyNumber(1)))?.starts).toBe(0);
    });
  });
}

function keyNumber(number: number): MessageKey {
  return { mailbox: 'sales', sha256: sha256Of(Buffer.from(`message ${number}`)) };
}

function stores<Answer = null>(
  item: MessageItem,
  answer: Answer = null as Answer,
): Transition<MessageItem, Answer> {
  return () => ({ store: item, answer });
}
