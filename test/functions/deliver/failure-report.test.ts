import { describe, expect, test } from 'vitest';

import { failureReport } from '../../../functions/deliver/failure-report.ts';
import type { MessageItem, RecipientState } from '../../../shared/ledger/message-item.ts';
import type { ArrivalMetadata } from '../../../shared/store/mail-store.ts';
import { decisionFor, waitingItem } from '../../support/message-items.ts';

const KEY = { mailbox: 'everyone', sha256: 'a'.repeat(64) };
const METADATA: ArrivalMetadata = {
  ...{ uidlHash: null, size: 42, bodyDigest: 'b', eightBit: false, recipient: null },
  arrivedAt: Date.UTC(2026, 2, 1),
};
const NOW = Date.UTC(2026, 2, 6);

function report(item: MessageItem, transcript: readonly string[] | null = null) {
  return failureReport(KEY, item, METADATA, transcript, NOW);
}

function failed(
  reason: RecipientState['reason'],
  lastReply: RecipientState['lastReply'],
): RecipientState {
  return { address: 'chris@corp.example', state: 'failed', attempts: 3, reason, lastReply };
}

const REPLY = {
  ...{ code: 451, enhancedCode: '4.2.1', text: 'busy', host: 'mail.corp.example:25' },
  at: Date.UTC(2026, 2, 5),
};

describe('failureReport', () => {
  test('tells what is known of the message and of each recipient', () => {
    const item = waitingItem(['kelly@corp.example'], {
      decision: decisionFor(['chris@corp.example', 'kelly@corp.example']),
      recipients: [
        failed('refused', { ...REPLY, code: 550, enhancedCode: '5.1.1', text: 'unknown' }),
        ...waitingItem(['kelly@corp.example']).recipients,
      ],
    });
    expect(report(item, ['C: QUIT'])).toEqual({
      key: `everyone/${'a'.repeat(64)}`,
      mailbox: 'everyone',
      reason: 'refused',
      explanation: 'chris@corp.example was refused: "550 5.1.1 unknown" from mail.corp.example:25',
      parkedAt: '2026-03-06T00:00:00.000Z',
      arrivedAt: '2026-03-01T00:00:00.000Z',
      size: 42,
      messageId: null,
      envelope: {
        mailFrom: 'ann@nwtraders.example',
        recipients: ['chris@corp.example', 'kelly@corp.example'],
      },
      recipients: [
        {
          ...{ address: 'chris@corp.example', source: 'To', rule: null, alias: null },
          ...{ state: 'failed', attempts: 3, reason: 'refused' },
          ...{ code: 550, enhancedCode: '5.1.1', reply: 'unknown', host: 'mail.corp.example:25' },
          at: '2026-03-05T00:00:00.000Z',
        },
        {
          ...{ address: 'kelly@corp.example', source: 'To', rule: null, alias: null },
          ...{ state: 'waiting', attempts: 0, reason: null },
          ...{ code: null, enhancedCode: null, reply: null, host: null, at: null },
        },
      ],
      outcome: 'deliver',
      decidedAt: '1970-01-01T00:00:01.000Z',
      edits: { remove: ['Return-Path'], rename: { 'Delivered-To': 'X-Old' }, add: ['A: b'] },
      warnings: [],
      transcript: ['C: QUIT'],
    });
  });

  test('given up: after how many attempts, and the last answer', () => {
    const item = waitingItem(['chris@corp.example'], { recipients: [failed('expired', REPLY)] });
    expect(report(item)).toMatchObject({
      reason: 'expired',
      explanation:
        'chris@corp.example was given up after 3 attempts; the last answer was "451 4.2.1 busy" from mail.corp.example:25',
    });
  });

  test('given up without any answer, as when our own store could not be read', () => {
    const item = waitingItem(['chris@corp.example'], { recipients: [failed('expired', null)] });
    expect(report(item).explanation).toContain('the last answer was no reply');
  });

  test('parked after crashes', () => {
    const item = waitingItem(['chris@corp.example'], { recipients: [failed('internal', null)] });
    expect(report(item)).toMatchObject({
      reason: 'internal',
      explanation: expect.stringContaining('never came to an outcome') as string,
    });
  });

  test('held: why, and nobody was tried', () => {
    const decision = decisionFor([], { outcome: 'held', warnings: ['loop', 'and more'] });
    expect(report(waitingItem([], { decision }))).toMatchObject({
      ...{ reason: 'held', explanation: 'held without an attempt: loop; and more' },
      recipients: [],
    });
  });
});
