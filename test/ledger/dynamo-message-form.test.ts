import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { messageForm } from '../../shared/ledger/dynamo-message-form.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { waitingItem } from '../support/message-items.ts';
import { sha256Of } from '../support/spooled-message.ts';

const KEY = { mailbox: 'sales', sha256: sha256Of(Buffer.from('message')) };

describe('the form of a message in DynamoDB', () => {
  it('gives back every item that it is given', () => {
    const form = messageForm(KEY.sha256);
    fc.assert(
      fc.property(anyItem(), (item) => {
        const attributes = form.attributes?.(item) ?? {};
        expect(form.decode(form.encode(item), attributes)).toEqual(item);
      }),
    );
  });

  it('spends a few octets on an item where everything is as usual', () => {
    const form = messageForm(KEY.sha256);
    const item = waitingItem(['c@d.example'], { arrivedAt: 1000 });
    const text = form.encode({ ...item, decision: null, decidedAt: null, recipients: [] });
    expect(text).toBe('{"a":1000}');
    expect(form.encode(item)).toContain('"r":[{}]');
  });

  it.each(['{"a":1,"novelty":2}', '{"a":"1"}', '{', '{"a":1,"r":[{}]}'])(
    'refuses %s, which it never wrote',
    (text) => {
      expect(() => messageForm(KEY.sha256).decode(text, {})).toThrow();
    },
  );
});

function anyItem(): fc.Arbitrary<MessageItem> {
  const time = fc.option(fc.nat());
  // The digest and the empty text are the two that the form treats in a way of their own.
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('', KEY.sha256, `a ${KEY.sha256}${KEY.sha256} b`, '__proto__'),
  );
  const lastReply = fc.record({
    code: fc.option(fc.nat(599)),
    enhancedCode: fc.option(text),
    text,
    host: text,
    at: fc.nat(),
  });
  const consulted = fc.array(
    fc.record({
      source: text,
      addresses: fc.nat(),
      result: fc.constantFrom('decides' as const, 'refused' as const, 'notAsked' as const),
    }),
  );
  const whole = {
    outcome: fc.constantFrom('deliver' as const, 'undeliverable' as const, 'held' as const),
    recipients: fc.array(
      fc.record({ address: text, source: text, rule: fc.option(fc.nat()), alias: fc.option(text) }),
    ),
    ignored: fc.array(fc.record({ address: text, source: text, reason: text })),
    ignoredCount: fc.nat(5),
    mailFrom: text,
    edits: fc.record({
      remove: fc.array(text),
      rename: fc.dictionary(fc.stringMatching(/^[A-Za-z-]+$/), text),
      add: fc.array(text),
    }),
    warnings: fc.array(text),
  };
  const decision = fc.oneof(fc.record(whole), fc.record({ ...whole, consulted }));
  const item = fc.record({
    decision: fc.option(decision),
    recipients: fc.array(
      fc.record({
        address: text,
        state: fc.constantFrom('waiting' as const, 'sent' as const, 'failed' as const),
        attempts: fc.nat(3),
        reason: fc.constantFrom(null, 'refused' as const, 'expired' as const),
        lastReply: fc.option(lastReply),
      }),
    ),
    decidedAt: time,
    arrivedAt: fc.nat(),
    queuedAt: fc.nat(5),
    claim: fc.option(fc.record({ token: text, until: fc.nat() })),
    starts: fc.nat(3),
    deferrals: fc.nat(3),
    nextDue: time,
    endedAt: time,
    seenAt: time,
    onServer: fc.boolean(),
    goneAt: time,
    copyRemovedAt: time,
    failure: fc.option(fc.record({ noticedAt: time, retriedAt: time, removedBy: fc.option(text) })),
  });
  // It stands beside what a decision gives to the index, and comes with it.
  return fc
    .tuple(item, fc.option(text))
    .map(([one, messageId]) => ({ ...one, messageId: one.decision === null ? null : messageId }));
}
