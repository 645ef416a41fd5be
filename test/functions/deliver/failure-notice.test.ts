import { describe, expect, test } from 'vitest';

import { failureNotice } from '../../../functions/deliver/failure-notice.ts';
import { newlyFailed } from '../../../functions/deliver/newly-failed.ts';
import type { MessageItem, RecipientState } from '../../../shared/ledger/message-item.ts';
import { decisionFor, waitingItem } from '../../support/message-items.ts';

const KEY = { mailbox: 'everyone', sha256: 'a'.repeat(64) };
const NAME = `everyone/${KEY.sha256}`;
const HEADER = Buffer.from(
  'From: =?UTF-8?Q?J=C3=BCrgen?= <ann@x.example>\r\nSubject: Hello\r\n there\r\n\r\n',
);
const NO_HISTORY = { noticedAt: null, retriedAt: null, removedBy: null };

function state(address: string, known: Partial<RecipientState>): RecipientState {
  return { address, state: 'waiting', attempts: 1, reason: null, lastReply: null, ...known };
}

function refused(address: string, at: number, enhancedCode: string | null = '5.1.1') {
  const lastReply = { code: 550, enhancedCode, text: 'no such user', host: 'mail:25', at };
  return state(address, { state: 'failed', reason: 'refused', lastReply });
}

function itemOf(recipients: readonly RecipientState[], known: Partial<MessageItem> = {}) {
  return waitingItem(
    recipients.map(({ address }) => address),
    { recipients, failure: NO_HISTORY, ...known },
  );
}

function noticeOf(item: MessageItem, isLastSingle = false) {
  const failed = newlyFailed(item);
  if (failed === null) throw new Error('expected something that failed newly');
  const to = 'admin@corp.example';
  return failureNotice({ key: KEY, item, failed, header: HEADER, to, isLastSingle });
}

describe('newlyFailed', () => {
  const given = state('c@corp.example', { state: 'failed', reason: 'expired' });

  test('is nothing while nobody failed, or when all was told', () => {
    expect(newlyFailed(itemOf([state('a@corp.example', {})]))).toBeNull();
    const told = { failure: { ...NO_HISTORY, noticedAt: 7 } };
    expect(newlyFailed(itemOf([refused('a@corp.example', 7)], told))).toBeNull();
  });

  test('is each who failed since people were told, with the latest time', () => {
    const item = itemOf([refused('a@corp.example', 5), refused('b@corp.example', 8), given], {
      failure: { ...NO_HISTORY, noticedAt: 5 },
      endedAt: 9,
    });
    const failed = newlyFailed(item);
    expect(failed?.recipients.map(({ address }) => address)).toEqual([
      'b@corp.example',
      'c@corp.example',
    ]);
    expect(failed?.at).toBe(9);
  });

  test('is a held message, once', () => {
    const decision = decisionFor([], { outcome: 'held' });
    const held = itemOf([], { decision, endedAt: 4 });
    expect(newlyFailed(held)).toEqual({ recipients: [], at: 4 });
    const told = { ...held, failure: { ...NO_HISTORY, noticedAt: 4 } };
    expect(newlyFailed(told)).toBeNull();
  });
});

describe('failureNotice', () => {
  test('says who did not get it and why, where it lies, and how to send it again', () => {
    const notice = noticeOf(itemOf([refused('a@corp.example', 5), state('b@corp.example', {})]));
    expect(notice).toMatchObject({
      subjectKey: `failed:${NAME}:5`,
      to: 'admin@corp.example',
      at: 5,
      subject: 'Mail not delivered to a@corp.example',
    });
    for (const words of [
      'From: Jürgen <ann@x.example>',
      'Subject: Hello there',
      'a@corp.example was refused: "550 5.1.1 no such user" from mail:25',
      'Envelope sender: <ann@nwtraders.example>, who is told nothing',
      `mailferry failed show ${NAME}`,
      `mailferry failed retry ${NAME}`,
    ]) {
      expect(notice.text).toContain(words);
    }
    expect(notice.text).not.toContain('b@corp.example');
    expect(notice.report?.recipients).toEqual([
      {
        ...{ address: 'a@corp.example', status: '5.1.1', remote: 'mail:25' },
        ...{ reply: '550 5.1.1 no such user', lastAttemptAt: 5 },
      },
    ]);
    expect(notice.report?.header.equals(HEADER)).toBe(true);
  });

  test('names at most some recipients in words, and all in the report', () => {
    const many = Array.from({ length: 30 }, (_, at) => refused(`u${at}@corp.example`, 5));
    const notice = noticeOf(itemOf(many));
    expect(notice.subject).toBe('Mail not delivered to u0@corp.example and 29 more');
    expect(notice.text).toContain('and 10 more');
    expect(notice.report?.recipients).toHaveLength(30);
  });

  test.each([
    [refused('a@b.example', 1, '4.2.2'), '5.0.0'],
    [refused('a@b.example', 1, null), '5.0.0'],
    [state('a@b.example', { state: 'failed', reason: 'expired' }), '5.4.7'],
    [state('a@b.example', { state: 'failed', reason: 'internal' }), '5.3.0'],
  ])('has a status that stands for a failure: %o', (recipient, status) => {
    const notice = noticeOf(itemOf([recipient], { endedAt: 9 }));
    expect(notice.report?.recipients[0]?.status).toBe(status);
  });

  test('quotes no reply where none came', () => {
    const lastReply = { code: null, enhancedCode: null, text: 'time-out', host: 'mail:25', at: 3 };
    const expired = state('a@b.example', { state: 'failed', reason: 'expired', lastReply });
    const [reported] = noticeOf(itemOf([expired], { endedAt: 9 })).report?.recipients ?? [];
    expect(reported).toMatchObject({ remote: 'mail:25', reply: null });
  });

  test('of a held message says why, and has no delivery status', () => {
    const decision = decisionFor([], { outcome: 'held', warnings: ['loop: 101 Received fields'] });
    const notice = noticeOf(itemOf([], { decision, endedAt: 4 }));
    expect(notice.subject).toBe('Mail from mailbox everyone is held');
    expect(notice.text).toContain('loop: 101 Received fields');
    expect(notice.text).toContain(`mailferry failed retry --rules current ${NAME}`);
    expect(notice.report?.recipients).toEqual([]);
  });

  test('the last single one of its cause says that the next come together', () => {
    const item = itemOf([refused('a@corp.example', 5)]);
    expect(noticeOf(item).text).not.toContain('come together');
    expect(noticeOf(item, true).text).toContain('come together');
  });
});
