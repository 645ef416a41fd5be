import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { MessageLedger } from '../../shared/ledger/ledger.ts';
import type { MessageIndex } from '../../shared/ledger/message-index.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { decisionFor, waitingItem } from '../support/message-items.ts';
import { sha256Of } from '../support/spooled-message.ts';
import { EVENTUAL } from './eventual.ts';

export interface MessageIndexUnderTest {
  readonly ledger: { readonly index: MessageIndex; readonly messages: MessageLedger };
  readonly close: () => Promise<void>;
}

const DAY = 24 * 3_600_000;
const NOW = Date.UTC(2026, 10, 23, 12);
const ALWAYS = { from: NOW - 400 * DAY, to: NOW };

/** How every ledger finds messages. */
export function messageIndexContract(
  name: string,
  make: () => Promise<MessageIndexUnderTest>,
): void {
  describe(`${name} keeps the message index's contract`, () => {
    let used: MessageIndexUnderTest;
    let index: MessageIndex;
    beforeEach(async () => {
      used = await make();
      index = used.ledger.index;
    });
    afterEach(async () => {
      await used.close();
    });

    const store = (key: MessageKey, item: MessageItem) =>
      used.ledger.messages.change(key, () => ({ store: item, answer: null }));
    const decided = (number: number, recipients: readonly string[], known: Partial<MessageItem>) =>
      store(keyNumber(number), waitingItem(recipients, { arrivedAt: NOW, ...known }));
    const namesOf = (keys: readonly MessageKey[]) => keys.map(formatKey);
    const names = (...numbers: readonly number[]) => numbers.map((at) => formatKey(keyNumber(at)));
    const byAddress = (address: string, between = ALWAYS, limit = 50) =>
      index.byAddress(address, between, limit);

    it('knows nothing of what nobody wrote, nor of what is not decided', async () => {
      await store(keyNumber(1), waitingItem([], { decision: null, decidedAt: null }));
      expect(await index.byMessageId('<a@b.example>')).toEqual([]);
      expect(await byAddress('chris@corp.example')).toEqual([]);
      expect(await index.byDigest('00000000', ['sales'])).toEqual([]);
      expect(await index.byDigest('00000000', [])).toEqual([]);
    });

    it('finds by Message-ID, exactly, each message that has it', async () => {
      await decided(1, ['chris@corp.example'], { messageId: '<One.1@b.example>' });
      await decided(2, ['kelly@corp.example'], { messageId: '<One.1@b.example>' });
      await decided(3, ['kelly@corp.example'], { messageId: '<one.1@b.example>' });
      await decided(4, ['kelly@corp.example'], { messageId: null });
      await expect
        .poll(async () => namesOf(await index.byMessageId('<One.1@b.example>')).sort(), EVENTUAL)
        .toEqual(names(1, 2).sort());
      expect(await index.byMessageId('<One.1@b.exampl>')).toEqual([]);
    });

    it('finds by recipient, sender and alias, whatever the case', async () => {
      const decision = decisionFor([], {
        mailFrom: 'Ann@NWtraders.example',
        recipients: [
          { address: 'Chris@corp.example', source: 'To', rule: null, alias: 'Info@corp.example' },
        ],
      });
      const { recipients } = waitingItem(['Chris@corp.example', 'kelly@corp.example']);
      await decided(1, [], { decision, recipients });
      for (const address of ['chris', 'kelly', 'info'].map((local) => `${local}@corp.example`)) {
        await expect
          .poll(async () => namesOf(await byAddress(address)), EVENTUAL)
          .toEqual(names(1));
      }
      expect(namesOf(await byAddress('ann@nwtraders.example'))).toEqual(names(1));
      expect(namesOf(await byAddress('hris@corp.example'))).toEqual([]);
    });

    it('gives the newest first, as many as are enough, of the time asked for', async () => {
      for (const number of [3, 1, 2]) {
        await decided(number, ['chris@corp.example'], { arrivedAt: NOW - number * 30 * DAY });
      }
      await expect
        .poll(async () => namesOf(await byAddress('chris@corp.example')), EVENTUAL)
        .toEqual(names(1, 2, 3));
      expect(namesOf(await byAddress('chris@corp.example', ALWAYS, 1))).toContain(names(1)[0]);
      const early = { from: NOW - 95 * DAY, to: NOW - 40 * DAY };
      expect(namesOf(await byAddress('chris@corp.example', early))).toEqual(names(2, 3));
    });

    it('keeps finding what has gone on since, and finds whom a new decision names', async () => {
      const item = waitingItem(['chris@corp.example'], {
        arrivedAt: NOW,
        messageId: '<a@b.example>',
      });
      await store(keyNumber(1), item);
      await store(keyNumber(1), { ...item, deferrals: 3 });
      const again = waitingItem(['new@corp.example'], { ...item, decidedAt: NOW });
      await store(keyNumber(1), {
        ...again,
        decision: decisionFor(['new@corp.example']),
        recipients: waitingItem(['new@corp.example']).recipients,
      });
      await expect
        .poll(async () => namesOf(await byAddress('new@corp.example')), EVENTUAL)
        .toEqual(names(1));
      expect(namesOf(await index.byMessageId('<a@b.example>'))).toEqual(names(1));
    });

    it('finds by the first digits, in the mailboxes asked for', async () => {
      for (const number of [1, 2, 3]) await decided(number, [], {});
      const { sha256 } = keyNumber(2);
      const find = async (start: string, mailboxes: readonly string[]) =>
        namesOf(await index.byDigest(start, mailboxes));
      expect(await find(sha256.slice(0, 8), ['office', 'sales'])).toEqual(names(2));
      expect(await find(sha256, ['sales'])).toEqual(names(2));
      expect(await find(sha256.slice(0, 8), ['office'])).toEqual([]);
    });
  });
}

function keyNumber(number: number): MessageKey {
  return { mailbox: 'sales', sha256: sha256Of(Buffer.from(`message ${number}`)) };
}
