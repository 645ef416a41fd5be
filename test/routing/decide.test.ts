import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { duplicateKey } from '../../shared/mail/duplicate-key.ts';
import { headerFields, splitHeader } from '../../shared/mail/header-block.ts';
import { applyEdits } from '../../shared/mail/header-edits.ts';
import { makeMarker } from '../../shared/mail/marker.ts';
import { decide } from '../../shared/routing/decide.ts';
import { headerLike } from '../mail/header-like.ts';
import { globalMailbox, routingInput, userMailbox } from './routing-input.ts';

const to = (...addresses: string[]) => `To: ${addresses.join(', ')}\r\nMessage-ID: <1@x>\r\n\r\n`;
const decided = (overrides: Parameters<typeof routingInput>[0]) =>
  decide(routingInput(overrides)).decision;
const addresses = (overrides: Parameters<typeof routingInput>[0]) =>
  decided(overrides).recipients.map(({ address }) => address);

describe('recipients of a global mailbox', () => {
  it('come from To before Cc before Apparently-To, each once, the first mention wins', () => {
    const header =
      'Apparently-To: d@corp.example\nCc: A@corp.example, c@corp.example\nTo: a@corp.example\nto: b@corp.example\n\n';
    expect(decided({ header }).recipients).toEqual([
      { address: 'a@corp.example', source: 'To', rule: null, alias: null },
      { address: 'b@corp.example', source: 'To', rule: null, alias: null },
      { address: 'c@corp.example', source: 'Cc', rule: null, alias: null },
      { address: 'd@corp.example', source: 'Apparently-To', rule: null, alias: null },
    ]);
  });

  it('are judged in this order: malformed, ignored, foreign, unknown', () => {
    const decision = decided({
      header: to(
        '<a b@corp.example>',
        'Box@pop.example',
        'x@other.example',
        'y@corp.example',
        'a@corp.example',
      ),
      mailbox: globalMailbox({ ignore: new Set(['box@pop.example']) }),
      general: { recipients: new Set(['a@corp.example']) },
    });
    expect(decision.ignored).toEqual([
      { address: 'a?b@corp.example', source: 'To', reason: 'not a valid address' },
      { address: 'Box@pop.example', source: 'To', reason: 'ignored by configuration' },
      { address: 'x@other.example', source: 'To', reason: 'domain not accepted' },
      { address: 'y@corp.example', source: 'To', reason: 'no such recipient' },
    ]);
    expect(decision.ignoredCount).toBe(4);
    expect(decision.recipients.map(({ address }) => address)).toEqual(['a@corp.example']);
  });

  it('lists the first 50 that were passed over and counts each once', () => {
    const foreign = Array.from({ length: 60 }, (_, index) => `u${index}@other.example`);
    const decision = decided({ header: to('a@corp.example', ...foreign, ...foreign) });
    expect(decision.ignored.map(({ address }) => address)).toEqual(foreign.slice(0, 50));
    expect(decision.ignoredCount).toBe(60);
  });
});

describe('aliases and recipients', () => {
  const aliases = new Map([
    ['info@corp.example', ['chris@corp.example', 'ext@partner.example']],
    ['chris@corp.example', ['never@corp.example']],
  ]);

  it('an alias is one step only and says where it came from', () => {
    expect(decided({ header: to('Info@corp.example'), general: { aliases } }).recipients).toEqual([
      { address: 'chris@corp.example', source: 'To', rule: null, alias: 'Info@corp.example' },
      { address: 'ext@partner.example', source: 'To', rule: null, alias: 'Info@corp.example' },
    ]);
  });

  it('an alias with a tag counts like the alias', () => {
    expect(addresses({ header: to('info+x@corp.example'), general: { aliases } })).toEqual([
      'chris@corp.example',
      'ext@partner.example',
    ]);
  });

  it('the exact address wins over the one without its tag', () => {
    const general = { aliases, recipients: new Set(['info+x@corp.example', 'pat@corp.example']) };
    expect(addresses({ header: to('info+x@corp.example'), general })).toEqual([
      'info+x@corp.example',
    ]);
    expect(addresses({ header: to('Pat+y@corp.example'), general })).toEqual([
      'Pat+y@corp.example',
    ]);
  });

  it('an alias needs no entry among the recipients', () => {
    const general = { aliases, recipients: new Set<string>() };
    expect(addresses({ header: to('info@corp.example'), general })).toEqual([
      'chris@corp.example',
      'ext@partner.example',
    ]);
  });

  it('targets that are named twice are united', () => {
    const header = to('chris@corp.example', 'info@corp.example');
    const general = { aliases: new Map([['info@corp.example', ['CHRIS@corp.example']]]) };
    expect(decided({ header, general }).recipients).toEqual([
      { address: 'chris@corp.example', source: 'To', rule: null, alias: null },
    ]);
  });

  it('do not touch the targets of a user mailbox', () => {
    const mailbox = userMailbox(['info@corp.example', 'x@other.example']);
    expect(addresses({ header: to('a@corp.example'), mailbox, general: { aliases } })).toEqual([
      'info@corp.example',
      'x@other.example',
    ]);
  });
});

describe('nobody found', () => {
  const reason = (header: string) => {
    const decision = decided({ header, general: { recipients: new Set() } });
    expect(decision.outcome).toBe('undeliverable');
    return decision.edits.add[2]?.replaceAll('\r\n', '');
  };

  it('goes to the undeliverable mailbox, with the reason in a field', () => {
    expect(reason('Subject: x\n\n')).toBe('X-Mailferry-Undeliverable: no address in To or Cc');
    expect(reason(to('a@other.example', 'b@other.example', 'c@corp.example'))).toBe(
      'X-Mailferry-Undeliverable: no recipient among the addresses in To and Cc (2 domain not accepted, 1 no such recipient)',
    );
  });

  it('writes nothing of a sender into that field', () => {
    expect(reason(to('secret@evil.example'))).not.toContain('secret');
  });
});

describe('held', () => {
  const nothing = { remove: [], rename: {}, add: [] };

  it('a message that this instance has carried before', () => {
    const input = routingInput({ header: to('a@corp.example') });
    const marker = makeMarker(input.header, input.key, input.loopKey);
    const header = applyEdits(input.header, { ...nothing, add: [marker] });
    for (const mailbox of [globalMailbox(), userMailbox(['a@corp.example'])]) {
      const decision = decided({ header, mailbox });
      expect(decision).toMatchObject({ outcome: 'held', recipients: [], edits: nothing });
      expect(decision.warnings).toEqual(['loop: this connector has carried the message before']);
    }
    expect(decided({ header, loopKey: Buffer.from('another') }).outcome).toBe('deliver');
  });

  it('more than 100 Received fields', () => {
    const header = (hops: number) => 'Received: x\r\n'.repeat(hops) + to('a@corp.example');
    expect(decided({ header: header(100) }).outcome).toBe('deliver');
    expect(decided({ header: header(101) }).warnings).toEqual([
      'loop: 101 Received fields, at most 100',
    ]);
  });

  it('more than 1000 recipients, of a user mailbox too', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => `u${index}@corp.example`);
    const general = { aliases: new Map([['all@corp.example', many(1001)]]) };
    expect(decided({ header: to('all@corp.example', 'x@y'), general })).toMatchObject({
      outcome: 'held',
      recipients: [],
      ignoredCount: 1,
      warnings: ['too many recipients: 1001, at most 1000'],
    });
    expect(decided({ mailbox: userMailbox(many(1001)) }).outcome).toBe('held');
    expect(decided({ mailbox: userMailbox(many(1000)) }).recipients).toHaveLength(1000);
  });
});

describe('edits', () => {
  it('put Received and the marker on top, with the recipient only where he is the only one', () => {
    const one = decided({ header: to('a@corp.example') }).edits.add;
    expect(one.map((field) => field.split(':')[0])).toEqual(['Received', 'X-Mailferry-Id']);
    expect(one[0]?.replaceAll('\r\n', '')).toBe(
      'Received: from pop.provider.example by ferry.corp.example with POP3S (Mailferry) id abababababab for <a@corp.example>; Mon, 23 Nov 2026 09:11:26 +0000',
    );
    const two = decided({ header: to('a@corp.example', 'b@corp.example') }).edits.add[0];
    expect(two).not.toContain('a@corp.example');
    expect(two).not.toContain('b@corp.example');
  });

  it('say POP3 where the mailbox has no TLS', () => {
    const field = (tls: 'none' | 'starttls') =>
      decided({ header: to('a@corp.example'), mailbox: globalMailbox({ tls }) }).edits.add[0];
    expect(field('none')).toContain('with POP3 (');
    expect(field('starttls')).toContain('with POP3S (');
  });

  it.each([
    ['Delivered-To: A@Corp.example', true],
    ['Delivered-To: x@corp.example\nDelivered-To: <a@corp.example>', true],
    ['Delivered-To: x@corp.example', false],
    ['Delivered-To: a@corp.example.', true],
    [`Delivered-To: a@corp.example${' '.repeat(3000)}`, false],
    ['X-Delivered-To: a@corp.example', false],
  ])('%s is renamed: %s', (field, renamed) => {
    const { rename } = decided({ header: `${field}\n${to('a@corp.example')}` }).edits;
    expect(rename).toEqual(renamed ? { 'Delivered-To': 'X-Original-Delivered-To' } : {});
  });
});

it('looks for the recipient in the first 200 Delivered-To fields', () => {
  const { edits } = decided({
    header: `${'Delivered-To: x@y\n'.repeat(199)}Delivered-To: a@corp.example\n${to('a@corp.example')}`,
  });
  expect(Object.keys(edits.rename)).toEqual(['Delivered-To']);
  const later = decided({
    header: `${'Delivered-To: x@y\n'.repeat(200)}Delivered-To: a@corp.example\n${to('a@corp.example')}`,
  });
  expect(later.edits.rename).toEqual({});
});

describe('decide', () => {
  it('gives the duplicate key beside the decision', () => {
    const input = routingInput({ header: to('a@corp.example') });
    expect(decide(input).duplicateKey).toBe(duplicateKey(input.header, input.bodyDigest));
  });

  it('names no address outside the accepted domains and the configured targets, nor anything unsafe', () => {
    const targets = ['chris@partner.example', 'admin@corp.example'];
    const general = {
      domains: ['corp.example', '*.corp.example'],
      aliases: new Map([['chris@corp.example', targets]]),
    };
    fc.assert(
      fc.property(headerLike, (message) => {
        const header = splitHeader(message, true)?.header ?? message;
        const { decision } = decide(routingInput({ header, general }));
        for (const { address } of decision.recipients) {
          expect(address).toMatch(/^[^\p{Cc}<>]+$/u);
          if (!targets.includes(address)) expect(address).toMatch(/@(?:[^@]+\.)?corp\.example$/);
        }
        expect(decision.mailFrom).toMatch(/^[^\p{Cc}<>]*$/u);
        for (const { address } of decision.ignored) expect(address).toMatch(/^[^\p{Cc}]+$/u);
        expect(decision.outcome === 'held').toBe(decision.recipients.length === 0);
      }),
      { numRuns: 1000 },
    );
  });

  it('is the same each time, and what it adds are whole fields with safe lines', () => {
    fc.assert(
      fc.property(headerLike, (message) => {
        const header = splitHeader(message, true)?.header ?? message;
        const input = routingInput({ header });
        const { decision } = decide(input);
        expect(decide(input).decision).toEqual(decision);
        for (const field of decision.edits.add) {
          const block = Buffer.from(`${field}\r\n`);
          expect([...headerFields(block)].map(({ end }) => end)).toEqual([block.length]);
          for (const line of field.split('\r\n')) expect(line).toMatch(/^[ -~]{1,78}$/);
        }
      }),
    );
  });
});
