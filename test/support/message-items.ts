import type { RecipientReply } from '../../shared/courier/courier.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import type { Decision } from '../../shared/routing/decision.ts';

export function decisionFor(addresses: readonly string[], known: Partial<Decision> = {}): Decision {
  return {
    outcome: 'deliver',
    recipients: addresses.map((address) => ({ address, source: 'To', rule: null, alias: null })),
    ignored: [],
    ignoredCount: 0,
    mailFrom: 'ann@nwtraders.example',
    edits: { remove: ['Return-Path'], rename: { 'Delivered-To': 'X-Old' }, add: ['A: b'] },
    warnings: [],
    ...known,
  };
}

/** An item as it is when it was decided, everybody waiting. */
export function waitingItem(
  addresses: readonly string[],
  known: Partial<MessageItem> = {},
): MessageItem {
  return {
    decision: decisionFor(addresses),
    recipients: addresses.map((address) => ({
      address,
      state: 'waiting',
      attempts: 0,
      reason: null,
      lastReply: null,
    })),
    decidedAt: 1000,
    arrivedAt: 900,
    queuedAt: 1000,
    claim: null,
    starts: 0,
    deferrals: 0,
    nextDue: null,
    endedAt: null,
    seenAt: null,
    onServer: false,
    goneAt: null,
    copyRemovedAt: null,
    messageId: null,
    failure: null,
    ...known,
  };
}

const CODES = { sent: 250, temporary: 451, permanent: 550 } as const;

export function replyFor(address: string, verdict: RecipientReply['verdict']): RecipientReply {
  return {
    address,
    verdict,
    code: CODES[verdict],
    enhancedCode: null,
    text: `said ${verdict}`,
    host: 'mail.corp.example:25',
  };
}
