import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { wantsOwnTransaction } from '../../shared/courier/permanence.ts';
import {
  oneLine,
  sessionVerdict,
  transactionVerdict,
} from '../../shared/courier/reply-classification.ts';
import { parseReply } from '../../shared/courier/smtp-reply.ts';

describe('transactionVerdict', () => {
  it.each([
    ['250 2.0.0 ok', 'sent'],
    ['250 ok', 'sent'],
    ['251 will forward', 'sent'],
    ['421 4.3.2 closing', 'temporary'],
    ['421 5.3.2 closing', 'temporary'],
    ['450 4.2.1 greylisted', 'temporary'],
    ['451 local error', 'temporary'],
    ['452 4.5.3 too many recipients', 'temporary'],
    ['450 5.1.1 disagrees with itself', 'temporary'],
    ['550 4.2.1 disagrees with itself', 'temporary'],
    ['503 5.5.1 bad sequence', 'temporary'],
    ['530 5.7.0 must issue STARTTLS first', 'temporary'],
    ['535 5.7.8 bad credentials', 'temporary'],
    ['550 5.1.1 no such user', 'permanent'],
    ['550 no such user', 'permanent'],
    ['550 2.0.0 disagrees with itself', 'permanent'],
    ['554 5.7.1 spam', 'permanent'],
    ['552 exceeded storage allocation', 'temporary'],
    ['552 5.2.2 mailbox full', 'temporary'],
    ['550 5.2.2 mailbox full', 'temporary'],
    ['552 5.3.4 too big', 'permanent'],
    ['552 5.2.3 too big', 'permanent'],
    ['552 5.7.0 blocked content', 'permanent'],
    ['550 5.5.3 too many recipients', 'temporary'],
    ['554 5.4.6 too many hops', 'permanent'],
    ['450 5.4.6 too many hops', 'permanent'],
    ['450 4.4.6 loops for now', 'temporary'],
    ['550 5.7.1 relaying denied', 'permanent'],
    ['550 5.7.60 may not send as this sender', 'temporary'],
    ['550 5.7.605 not a ban', 'permanent'],
    ['550 5.7.606 banned address', 'temporary'],
    ['550 5.7.650 not a ban', 'permanent'],
    ['552 5.3.1 system full', 'temporary'],
    ['553 5.3.2 closed today', 'temporary'],
    ['354 odd', 'temporary'],
    ['nonsense', 'temporary'],
  ])('%s: %s', (raw, verdict) => {
    expect(transactionVerdict(parseReply(raw)).verdict).toBe(verdict);
  });
});

describe('sessionVerdict', () => {
  it('is temporary even for 554, and says whose reply it was', () => {
    expect(
      sessionVerdict('the server refused the session', parseReply('554 5.7.1 go away')),
    ).toEqual({
      verdict: 'temporary',
      code: 554,
      enhancedCode: '5.7.1',
      text: 'the server refused the session: go away',
    });
  });
});

describe('oneLine', () => {
  it('takes away what would move a terminal or turn the reading order', () => {
    expect(oneLine('a\r\nb\u001b[31mc\u202ed\0')).toBe('a b [31mc d');
  });

  it('keeps to its octets, in whole characters, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const line = oneLine(text);
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(200);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\n\r]/u);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });

  it('cuts between characters', () => {
    expect(oneLine('é'.repeat(150))).toBe(`${'é'.repeat(98)}…`);
  });
});

describe('wantsOwnTransaction', () => {
  it.each([
    [452, '4.5.3', 'too many recipients', true],
    [550, '5.5.3', 'enough', true],
    [452, null, 'Too many recipients received this hour', true],
    [552, null, '<x>: too many rcpts', true],
    [452, null, 'insufficient system storage', false],
    [452, '4.3.1', 'too many recipients', false],
    [452, '4.2.2', 'mailbox full', false],
    [451, null, 'too many recipients', false],
    [null, null, 'too many recipients', false],
  ] as const)('%s %s %j: %s', (code, enhancedCode, text, expected) => {
    const reply = { verdict: 'temporary', code, enhancedCode, text } as const;
    expect(wantsOwnTransaction(reply)).toBe(expected);
  });
});
