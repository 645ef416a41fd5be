import { describe, expect, it } from 'vitest';

import { decide } from '../../shared/routing/decide.ts';
import { presetSources } from '../../shared/settings/source-presets.ts';
import type { HeaderSource, RecipientSource } from '../../shared/settings/settings.ts';
import { globalMailbox, routingInput } from './routing-input.ts';
import type { GeneralOverrides } from './routing-input.ts';

const TO: RecipientSource = { kind: 'to' };
const RESENT: RecipientSource = { kind: 'resent' };
const received = (by: string): RecipientSource => ({ kind: 'received', by });
const envelope = (header: string, rest: Partial<HeaderSource> = {}): RecipientSource => ({
  ...{ kind: 'header', header, position: 1, prefix: null, by: null },
  ...rest,
});

function decided(
  lines: readonly string[],
  recipientSource: readonly RecipientSource[],
  rest: { readonly ignore?: readonly string[]; readonly general?: GeneralOverrides } = {},
) {
  const mailbox = globalMailbox({ recipientSource, ignore: new Set(rest.ignore) });
  const header = `${lines.join('\r\n')}\r\nMessage-ID: <1@x>\r\n\r\n`;
  return decide(routingInput({ header, mailbox, general: rest.general ?? {} })).decision;
}

/** `address source`, or the outcome where nobody gets it. */
function whom(...input: Parameters<typeof decided>): string[] | string {
  const { outcome, recipients } = decided(...input);
  return outcome === 'deliver'
    ? recipients.map(({ address, source }) => `${address} ${source}`)
    : outcome;
}

const OWN = 'Received: from mx.nwtraders.example by mx.provider.example with ESMTP id 1';
const CHRIS = 'chris@corp.example';

describe('a preset reads its layout, with the sender’s own header below', () => {
  const sent = ['From: ann@nwtraders.example', 'To: list@treyresearch.example'];
  const layouts: Readonly<Record<string, readonly [preset: string, ...lines: string[]]>> = {
    postfix: ['postfix', `X-Original-To: ${CHRIS}`, 'Delivered-To: box@corp.example', OWN, ...sent],
    'postfix, forged below': [
      'postfix',
      `X-Original-To: ${CHRIS}`,
      OWN,
      ...sent,
      'X-Original-To: kelly@corp.example',
    ],
    exim: ['exim', `Envelope-to: ${CHRIS}`, 'Delivery-date: x', OWN, ...sent],
    cpanel: [
      'cpanel',
      'Return-Path: <ann@nwtraders.example>',
      'Delivered-To: box@corp.example',
      'Received: from host by host.provider.example with LMTP id 1 for <box@corp.example>; d',
      `Envelope-to: ${CHRIS}`,
      'Delivery-date: x',
      `Received: from mx by host.provider.example with esmtps for ${CHRIS}; d`,
      ...sent,
      'Envelope-to: kelly@corp.example',
    ],
    gmx: ['gmx', OWN, 'Envelope-To: <kelly@corp.example>', ...sent, `Envelope-To: <${CHRIS}>`],
    yahoo: [
      'yahoo',
      `X-Apparently-To: ${CHRIS} via 192.0.2.45; Mon, 23 Nov 2026 09:00:00 +0000`,
      OWN,
      ...sent,
    ],
    'yahoo today': ['yahoo', `X-Apparently-To: ${CHRIS}; Mon, 23 Nov 2026 09:00:00 +0000`, ...sent],
    zoho: ['zoho', `Delivered-To: ${CHRIS}`, OWN, ...sent],
    workspace: [
      'workspace',
      'Delivered-To: box@corp.example',
      `X-Gm-Original-To: ${CHRIS}`,
      'X-Forwarded-To: board@corp.example, kelly@corp.example',
      ...sent,
    ],
    fastmail: ['fastmail', `X-Delivered-To: ${CHRIS}`, ...sent],
    mdaemon: ['mdaemon', OWN, `X-MDaemon-Deliver-To: ${CHRIS}`, ...sent],
    communigate: ['communigate', `X-Real-To: <${CHRIS}>`, ...sent],
    'sendmail, a blank behind': ['sendmail', `X-Envelope-To: <${CHRIS}> `, ...sent],
    hmailserver: ['hmailserver', 'Return-Path: a@b', `Delivered-To: ${CHRIS}`, OWN, ...sent],
    mercury: ['mercury', `X-Deliver-To: ${CHRIS}`, ...sent],
  };

  it.each(Object.entries(layouts))('%s', (_name, [preset, ...lines]) => {
    const sources = presetSources(preset) ?? [];
    const [source] = sources;
    const name = source?.kind === 'header' ? source.header : '';
    expect(whom(lines, [...sources, TO])).toEqual([`${CHRIS} ${name}`]);
  });

  it.each(['ionos', 'gmx-ionos'])('%s is the layout of gmx', (name) => {
    expect(presetSources(name)).toEqual(presetSources('gmx'));
  });

  it('a pipe of sendmail’s is nobody', () => {
    const lines = ['X-Envelope-To: <"|/home/ecartis/ecartis -s list"> (uid 0)', ...sent];
    expect(whom(lines, presetSources('sendmail') ?? [])).toBe('undeliverable');
  });
});

describe('a header field', () => {
  it('is found whatever the case of its name, and told as it was configured', () => {
    expect(whom([`x-ORIGINAL-to: ${CHRIS}`], [envelope('X-original-To')])).toEqual([
      `${CHRIS} X-original-To`,
    ]);
  });

  it('may hold several addresses, unlike the fields beside it', () => {
    const lines = ['Envelope-To: a@corp.example, b@corp.example', 'Envelope-To: c@corp.example'];
    expect(whom(lines, [envelope('Envelope-To')])).toEqual([
      'a@corp.example Envelope-To',
      'b@corp.example Envelope-To',
    ]);
  });

  it.each([
    [1, 'a'],
    [2, 'b'],
    [3, 'c'],
    [-1, 'c'],
    [-2, 'b'],
    [-3, 'a'],
  ])('at position %d counts among those of its name', (position, local) => {
    const lines = [
      'X-To: a@corp.example',
      'X-Too: x',
      'x-to: b@corp.example',
      'X-To: c@corp.example',
    ];
    expect(whom(lines, [envelope('X-To', { position })])).toEqual([`${local}@corp.example X-To`]);
  });

  it.each([4, -4])('at position %d of three is none, and the next source is asked', (position) => {
    const lines = ['X-To: a@corp.example', 'X-To: b@corp.example', 'X-To: c@corp.example'];
    expect(whom([...lines, `To: ${CHRIS}`], [envelope('X-To', { position }), TO])).toEqual([
      `${CHRIS} To`,
    ]);
  });

  it.each([
    ['12-', '12-info@corp.example', 'info@corp.example'],
    ['12-', 'info@corp.example', 'info@corp.example'],
    ['12-', '12-12-info@corp.example', '12-info@corp.example'],
    ['Corp-', 'corp-Chris@corp.example', 'Chris@corp.example'],
    ['corp.example-', 'corp.example-chris@corp.example', 'chris@corp.example'],
    ['12-', '12-john..doe@corp.example', '"john..doe"@corp.example'],
    ['12-', '"12-chris m"@corp.example', '"chris m"@corp.example'],
    ['12-', '"12-chris"@corp.example', 'chris@corp.example'],
  ])('loses the prefix %s once: %s is %s', (prefix, written, address) => {
    expect(whom([`Delivered-To: ${written}`], [envelope('Delivered-To', { prefix })])).toEqual([
      `${address} Delivered-To`,
    ]);
  });

  it('of which nothing is left without its prefix names nobody', () => {
    const decision = decided(['X-To: box-@corp.example'], [envelope('X-To', { prefix: 'box-' })]);
    expect(decision.ignored).toEqual([
      { address: 'box-@corp.example', source: 'X-To', reason: 'not a valid address' },
    ]);
  });

  describe('above the Received of a host', () => {
    const source = envelope('X-To', { by: 'provider.example' });
    const last = envelope('X-To', { by: 'provider.example', position: -1 });

    it('counts; one below does not, whichever position is asked for', () => {
      const lines = ['X-To: a@corp.example', OWN, 'X-To: evil@corp.example'];
      expect(whom(lines, [source])).toEqual(['a@corp.example X-To']);
      expect(whom(lines, [last])).toEqual(['a@corp.example X-To']);
      expect(whom([OWN, 'X-To: evil@corp.example', `To: ${CHRIS}`], [source, TO])).toEqual([
        `${CHRIS} To`,
      ]);
    });

    it('counts above the topmost of them, and among Received fields of other hosts', () => {
      const other = 'Received: from x by evil-provider.example; d';
      expect(whom([other, 'X-To: a@corp.example', OWN], [source])).toEqual(['a@corp.example X-To']);
      expect(whom([OWN, 'X-To: evil@corp.example', OWN], [source])).toBe('undeliverable');
    });

    it('never counts where no such host has written one', () => {
      const lines = ['X-To: a@corp.example', 'Received: from x by evil-provider.example; d'];
      const { consulted } = decided(lines, [source]);
      expect(consulted).toEqual([
        {
          source: 'X-To (topmost, above Received by provider.example)',
          addresses: 0,
          result: 'untrusted',
        },
      ]);
    });
  });
});

describe('Received', () => {
  const forChris = `${OWN} for <${CHRIS}>; d`;
  const own = received('provider.example');

  it('of the host names the recipient', () => {
    expect(whom([forChris], [own])).toEqual([`${CHRIS} Received`]);
  });

  it('counts the topmost of the host alone: below stands what a sender may have written', () => {
    const forged = 'Received: from x by mx.provider.example for <kelly@corp.example>; d';
    expect(whom([`${OWN}; d`, forged], [own])).toBe('undeliverable');
    expect(whom(['Received: from x by lan.other.example; d', forChris, forged], [own])).toEqual([
      `${CHRIS} Received`,
    ]);
  });

  it.each([
    ['a host that ends alike', `Received: from x by evil-provider.example for <${CHRIS}>; d`],
    ['two clauses', `${OWN} for <${CHRIS}> for <kelly@corp.example>; d`],
    ['two addresses', `${OWN} for <${CHRIS}>, <kelly@corp.example>; d`],
    ['no address', `${OWN} for the record; d`],
    ['no field', 'X: y'],
  ])('with %s names nobody', (_name, line) => {
    expect(whom([line], [own])).toBe('undeliverable');
  });

  it('with the pickup box leaves it to the next source', () => {
    const lines = [`${OWN} for <box@corp.example>; d`, `To: ${CHRIS}`];
    expect(whom(lines, [own, TO], { ignore: ['box@corp.example'] })).toEqual([`${CHRIS} To`]);
  });
});

describe('resent', () => {
  const older = [
    'Resent-From: x@y',
    'Resent-To: old@corp.example',
    'Resent-Cc: older@corp.example',
  ];

  it('is the newest block alone, in To before Cc', () => {
    const lines = ['Resent-Cc: b@corp.example', 'Resent-To: a@corp.example', 'Resent-From: z@y'];
    expect(whom([...lines, ...older, `To: ${CHRIS}`], [RESENT, TO])).toEqual([
      'a@corp.example Resent-To',
      'b@corp.example Resent-Cc',
    ]);
  });

  it('ends where trace fields of an earlier hop begin', () => {
    const lines = [
      'Resent-From: z@y',
      'Resent-To: a@corp.example',
      OWN,
      'Resent-Cc: c@corp.example',
    ];
    expect(whom(lines, [RESENT])).toEqual(['a@corp.example Resent-To']);
  });

  it('ends at a Return-Path as well, which an earlier delivery left', () => {
    const lines = ['Resent-To: a@corp.example', 'Return-Path: <x@y>', 'Resent-Cc: c@corp.example'];
    expect(whom(lines, [RESENT])).toEqual(['a@corp.example Resent-To']);
  });

  it('does not end at another field in between', () => {
    const lines = ['Resent-From: z@y', 'X-Note: x', 'Resent-To: a@corp.example'];
    expect(whom([OWN, ...lines], [RESENT])).toEqual(['a@corp.example Resent-To']);
  });

  it('of strangers leaves it to the next source', () => {
    const lines = ['Resent-To: a@other.example', ...older, `To: ${CHRIS}`];
    expect(whom(lines, [RESENT, TO])).toEqual([`${CHRIS} To`]);
  });
});

describe('sources in their order', () => {
  const sources = [envelope('X-Original-To'), received('provider.example'), TO];

  it('the first that yields an accepted address decides alone', () => {
    const lines = [`X-Original-To: ${CHRIS}`, OWN, 'To: kelly@corp.example, bob@other.example'];
    expect(decided(lines, sources)).toMatchObject({
      recipients: [{ address: CHRIS, source: 'X-Original-To', rule: null, alias: null }],
      ignored: [
        {
          address: 'kelly@corp.example',
          source: 'To',
          reason: 'not asked: X-Original-To decides',
        },
        { address: 'bob@other.example', source: 'To', reason: 'domain not accepted' },
      ],
      ignoredCount: 2,
      consulted: [
        { source: 'X-Original-To (topmost)', addresses: 1, result: 'decides' },
        { source: 'Received by provider.example', addresses: 0, result: 'notAsked' },
        { source: 'To, Cc, Apparently-To', addresses: 2, result: 'notAsked' },
      ],
    });
  });

  it('one without an accepted address leaves it to the next, and is told', () => {
    const lines = [
      'X-Original-To: bob@other.example',
      `${OWN} for <unknown@corp.example>; d`,
      'To: kelly@corp.example, unknown@corp.example',
    ];
    const general = { recipients: new Set(['kelly@corp.example']) };
    const decision = decided(lines, sources, { general });
    expect(decision.recipients.map(({ address }) => address)).toEqual(['kelly@corp.example']);
    expect(decision.ignored).toEqual([
      { address: 'bob@other.example', source: 'X-Original-To', reason: 'domain not accepted' },
      { address: 'unknown@corp.example', source: 'Received', reason: 'no such recipient' },
    ]);
    expect(decision.consulted?.map(({ result }) => result)).toEqual([
      'refused',
      'refused',
      'decides',
    ]);
  });

  it('accepted domains, aliases and tags bind for each of them', () => {
    const general = {
      aliases: new Map([['info@corp.example', ['chris@corp.example', 'ext@partner.example']]]),
      recipients: new Set(['kelly@corp.example']),
    };
    expect(whom(['X-Original-To: INFO@corp.example.'], sources, { general })).toEqual([
      'chris@corp.example X-Original-To',
      'ext@partner.example X-Original-To',
    ]);
    expect(whom([`${OWN} for <Kelly+x@corp.example>; d`], sources, { general })).toEqual([
      'Kelly+x@corp.example Received',
    ]);
    expect(whom(['X-Original-To: chris@corp.example'], sources, { general })).toBe('undeliverable');
  });

  it('say in the undeliverable field where nobody was found', () => {
    const reason = (lines: readonly string[]) =>
      decided(lines, sources).edits.add.at(-1)?.replaceAll('\r\n', '');
    expect(reason(['X: y'])).toBe(
      'X-Mailferry-Undeliverable: no address in X-Original-To, Received, To or Cc',
    );
    expect(reason(['X-Original-To: x@other.example', 'To: x@other.example, y@other.example'])).toBe(
      'X-Mailferry-Undeliverable: no recipient among the addresses in X-Original-To, Received, To and Cc (2 domain not accepted)',
    );
  });
});

describe('the mailbox itself, on the server that mail is delivered to', () => {
  const mailbox = globalMailbox({ loopAddress: 'box@corp.example' });
  const outcome = (header: string, general = {}) =>
    decide(routingInput({ header: `${header}\n\n`, mailbox, general })).decision;

  it('is held where it is the only recipient, and passed over where it is not', () => {
    expect(outcome('To: Box@corp.example, x@other.example')).toMatchObject({
      outcome: 'held',
      warnings: ['loop: the only recipient is the mailbox that it came from'],
    });
    expect(outcome(`To: box@corp.example, ${CHRIS}`)).toMatchObject({
      outcome: 'deliver',
      recipients: [{ address: CHRIS }],
      ignored: [{ reason: 'is this mailbox itself, on the server that mail is delivered to' }],
    });
  });

  it('is no end of an alias either', () => {
    const aliases = new Map([
      ['all@corp.example', ['box@corp.example', CHRIS]],
      ['pick@corp.example', ['Box@corp.example']],
    ]);
    expect(outcome('To: all@corp.example', { aliases }).recipients).toMatchObject([
      { address: CHRIS, alias: 'all@corp.example' },
    ]);
    expect(outcome('To: pick@corp.example', { aliases }).outcome).toBe('held');
  });
});
