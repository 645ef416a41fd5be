import { describe, expect, it } from 'vitest';

import { decide, MAX_FIELDS } from '../../shared/routing/decide.ts';
import { heldDecision } from '../../shared/routing/held.ts';
import { globalMailbox, routingInput, userMailbox } from './routing-input.ts';

const to = (...addresses: string[]) => `To: ${addresses.join(', ')}\r\nMessage-ID: <1@x>\r\n\r\n`;
const decided = (overrides: Parameters<typeof routingInput>[0]) =>
  decide(routingInput(overrides)).decision;
const addresses = (overrides: Parameters<typeof routingInput>[0]) =>
  decided(overrides).recipients.map(({ address }) => address);

it('carries ten thousand addresses to a decision', () => {
  const header = to(...Array.from({ length: 10_000 }, (_, index) => `u${index}@other.example`));
  expect(decided({ header })).toMatchObject({ outcome: 'undeliverable', ignoredCount: 10_000 });
});

describe('held', () => {
  it('address fields above two mebibytes, unread; a user mailbox does not read them', () => {
    const header = (octets: number) =>
      `To:a@corp.example,${' '.repeat(octets - 15)}\r\nCc:\r\n\r\n`;
    expect(addresses({ header: header(2 << 20) })).toEqual(['a@corp.example']);
    expect(decided({ header: header((2 << 20) + 1) })).toMatchObject({
      outcome: 'held',
      warnings: ['address fields of 2097153 octets, at most 2097152 are read'],
    });
    expect(decided({ header: header(3 << 20), mailbox: userMailbox(['a@b']) }).outcome).toBe(
      'deliver',
    );
  });

  it('more than ten thousand fields that are read; others are passed by', () => {
    const header = (fields: number) =>
      `${'X:\n'.repeat(30_000)}${'Date:\n'.repeat(fields - 1)}To: a@corp.example\n\n`;
    expect(decided({ header: header(MAX_FIELDS) }).outcome).toBe('deliver');
    expect(decided({ header: header(MAX_FIELDS + 1) })).toEqual(
      heldDecision('more than 10000 of the header fields that routing reads').decision,
    );
  });

  it('address fields of several sources together above two mebibytes, but none behind the one that decides', () => {
    const long = (name: string) => `${name}: x@other.example,${' '.repeat(1_200_000)}\n`;
    const mailbox = globalMailbox({
      recipientSource: [
        { kind: 'header', header: 'X-Original-To', position: 1, prefix: null, by: null },
        { kind: 'to' },
      ],
    });
    expect(decided({ mailbox, header: `${long('X-Original-To')}${long('To')}\n` })).toMatchObject({
      outcome: 'held',
      warnings: [expect.stringMatching(/^address fields of 24\d+ octets, at most 2097152/)],
    });
    const header = `X-Original-To: chris@corp.example\n${long('To')}${long('Cc')}\n`;
    expect(addresses({ mailbox, header })).toEqual(['chris@corp.example']);
  });
});
