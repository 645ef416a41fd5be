import fc from 'fast-check';
import { describe, it } from 'vitest';

import { caseInput } from '../corpus/corpus-case.ts';
import type { CaseSettings } from '../corpus/corpus-case.ts';
import { addressList } from '../mail/address-list.ts';
import { expectSoundDecision } from './sound-decision.ts';

const address = fc.constantFrom(
  'chris@corp.example',
  'Kelly@CORP.example.',
  'x@sub.corp.example',
  '"a@evil.example"@corp.example',
  '12-info@corp.example',
  'catchall@corp.example',
  'bob@other.example',
  'victim@evil.example',
  'jürgen@corp.example',
  '"a\r\nb"@corp.example',
  'a\0b@corp.example',
  'a>b@corp.example',
  `${'a'.repeat(70)}@corp.example`,
  '<chris@corp.example',
  '',
);

const value = fc.oneof(
  { weight: 4, arbitrary: fc.array(address, { maxLength: 4 }).map((all) => all.join(', ')) },
  addressList.map(({ text }) => text),
  address.map(
    (one) => `from a by mx.provider.example for <${one}>; Mon, 23 Nov 2026 09:00:00 +0000`,
  ),
  address.map((one) => `${one} via 192.0.2.1; Mon, 23 Nov 2026 09:00:00 +0000`),
  fc.constantFrom(
    'YES',
    '=?utf-8?q?list=40lists.example?=',
    '<list.example>',
    'list@lists.example',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 20 }),
);

const field = fc
  .tuple(
    fc.constantFrom(
      ...['To', 'Cc', 'Apparently-To', 'Bcc', 'From', 'Sender', 'Return-Path', 'Delivered-To'],
      ...['X-Original-To', 'Envelope-To', 'X-Apparently-To', 'Received', 'Resent-To', 'Resent-Cc'],
      ...['Subject', 'List-Id', 'X-Spam-Flag', 'Message-ID', 'Date', 'junk', ''],
    ),
    value,
  )
  .map(([name, text]) => `${name}: ${text}`);

const mail = fc
  .tuple(fc.array(field, { maxLength: 12 }), fc.constantFrom('\r\n', '\n', '\r'), fc.boolean())
  .map(([fields, end, whole]) =>
    Buffer.from(fields.map((one) => one + end).join('') + (whole ? `${end}body${end}` : '')),
  );

const source = fc.constantFrom<unknown>(
  'to',
  'resent',
  'postfix',
  'gmx-ionos',
  'yahoo',
  { received: 'provider.example' },
  { header: 'Delivered-To', prefix: '12-' },
  { header: 'Delivered-To', position: -1, by: 'provider.example' },
  { header: 'Subject' },
);

const general = fc.record(
  {
    domains: fc.constantFrom(['corp.example'], ['*.corp.example', 'corp.example']),
    aliases: fc.constant({
      'info@corp.example': ['chris@partner.example', 'kelly@corp.example'],
    }),
    recipients: fc.constant(['chris@corp.example', 'info@corp.example']),
    spam: fc
      .constantFrom('hold', 'deliver', 'undeliverable')
      .map((action) => ({ header: 'X-Spam-Flag', value: 'YES', action })),
    delivery: fc.constant({ sender: 'connector@corp.example' }),
  },
  { requiredKeys: ['domains'] },
);

const globalMailbox = fc.record(
  {
    recipientSource: fc.uniqueArray(source, { minLength: 1, maxLength: 4 }),
    ignore: fc.constant(['catchall@corp.example']),
    undeliverable: fc.constant('office@corp.example'),
    rules: fc.constant([
      { when: { any: 'list@lists.example' }, deliverTo: ['rule@partner.example'] },
      { when: { header: { 'List-Id': 'list' } }, deliverTo: ['pat@corp.example'] },
    ]),
  },
  { requiredKeys: [] },
);

const userMailbox = fc.constant({ type: 'user', deliverTo: ['chris@partner.example'] });

const settings: fc.Arbitrary<CaseSettings> = fc.record({
  general,
  mailbox: fc.oneof({ weight: 5, arbitrary: globalMailbox }, userMailbox),
});

describe('decide', () => {
  it('is sound for any mail by any settings', () => {
    fc.assert(
      fc.property(mail, settings, (message, chosen) => {
        expectSoundDecision(caseInput(chosen, message));
      }),
      { numRuns: 300 },
    );
  });
});
