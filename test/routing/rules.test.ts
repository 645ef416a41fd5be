import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decide } from '../../shared/routing/decide.ts';
import { textsOfExample } from '../../shared/routing/field-texts.ts';
import { covers, matches } from '../../shared/routing/rules.ts';
import type { RoutingRule, RuleConditions } from '../../shared/settings/settings.ts';
import { presetSources } from '../../shared/settings/source-presets.ts';
import { globalMailbox, routingInput } from './routing-input.ts';

const NONE: RuleConditions = { to: null, cc: null, any: null, header: {} };
const rule = (when: Partial<RuleConditions>, ...deliverTo: string[]): RoutingRule => ({
  when: { ...NONE, ...when },
  deliverTo,
});

function decided(header: string, rules: readonly RoutingRule[], source = 'to') {
  const recipientSource = [...(presetSources(source) ?? []), { kind: 'to' } as const];
  const mailbox = globalMailbox({ rules, recipientSource });
  return decide(routingInput({ header: Buffer.from(`${header}\n\n`), mailbox })).decision;
}

const whom = (...input: Parameters<typeof decided>): string[] =>
  decided(...input).recipients.map(({ address, source, rule: number }) =>
    [address, source, ...(number === null ? [] : [number])].join(' '),
  );

describe('a condition', () => {
  const list = rule({ any: 'mailinglist@TreyResearch.net' }, 'kelly@corp.example');

  it.each([
    ['the text in another case', 'To: MailingList@treyresearch.NET'],
    ['in Cc', 'Cc: mailinglist@treyresearch.net'],
    ['in a second To', 'To: x@other.example\nTo: mailinglist@treyresearch.net'],
    ['within an encoded word', 'To: =?utf-8?q?mailinglist=40treyresearch=2Enet?= <x@y>'],
    ['in a folded field', 'To: a@other.example,\n\tmailinglist@treyresearch.net'],
  ])('holds for %s', (_name, header) => {
    expect(whom(header, [list])).toEqual(['kelly@corp.example rule 1']);
  });

  it.each([
    ['another field', 'Reply-To: mailinglist@treyresearch.net'],
    ['a part of the text', 'To: mailinglist@treyresearch'],
    ['the text in two fields', 'To: mailinglist@trey\nCc: research.net'],
  ])('does not hold for %s', (_name, header) => {
    expect(whom(header, [list])).toEqual(['admin@corp.example undeliverable']);
  });

  it.each([
    ['blanks of folding', 'Trey  Research', 'Trey\n \tResearch', true],
    ['an umlaut in two ways', 'für alle', 'fu\u0308r ALLE', true],
    ['an umlaut in an encoded word', 'Grüße', '=?iso-8859-1?q?Gr=FC=DFe?=', true],
    ['sharp s and ss', 'straße', 'STRASSE', true],
    ['an encoded word cut in two', 'Grüße', '=?utf-8?q?Gr=C3?=\n =?utf-8?q?=BC=C3=9Fe?=', true],
    ['a word more between', 'Trey Research', 'Trey X Research', false],
  ])('reads as people do: %s', (_name, text, value, answer) => {
    const header = `Subject: ${value}`;
    const found = whom(header, [rule({ header: { subject: text } }, 'kelly@corp.example')]);
    expect(found).toEqual([
      answer ? 'kelly@corp.example rule 1' : 'admin@corp.example undeliverable',
    ]);
  });

  it('of several all have to hold', () => {
    const both = rule(
      { to: 'a@x', header: { 'List-Id': 'news', Subject: 'urgent' } },
      'b@corp.example',
    );
    expect(whom('To: a@x\nlist-id: News\nSUBJECT: Urgent!', [both])).toEqual([
      'b@corp.example rule 1',
    ]);
    expect(whom('To: a@x\nlist-id: News\nSubject: x', [both])).toEqual([
      'admin@corp.example undeliverable',
    ]);
    expect(whom('Cc: a@x\nlist-id: News\nSubject: urgent', [both])).toEqual([
      'admin@corp.example undeliverable',
    ]);
  });
});

describe('rules', () => {
  const list = rule({ any: 'list@x' }, 'kelly@corp.example', 'ext@partner.example');

  it('add to visible local recipients, who keep their copy', () => {
    expect(whom('To: chris@corp.example, list@x', [list])).toEqual([
      'chris@corp.example To',
      'kelly@corp.example rule 1',
      'ext@partner.example rule 1',
    ]);
  });

  it('that match all add, in their order; somebody named twice is told by the first', () => {
    const rules = [
      rule({ any: 'nothing' }, 'pat@corp.example'),
      rule({ header: { 'List-Id': 'news' } }, 'sam@corp.example', 'KELLY@corp.example'),
      list,
    ];
    expect(whom('To: list@x, chris@corp.example\nList-Id: news', rules)).toEqual([
      'chris@corp.example To',
      'sam@corp.example rule 2',
      'KELLY@corp.example rule 2',
      'ext@partner.example rule 3',
    ]);
  });

  it('are asked when no source yielded anybody, and not when the envelope names the recipient', () => {
    expect(whom('To: list@x', [list], 'postfix')).toEqual([
      'kelly@corp.example rule 1',
      'ext@partner.example rule 1',
    ]);
    expect(whom('X-Original-To: x@other.example\nTo: list@x', [list], 'postfix')).toHaveLength(2);
    const decision = decided('X-Original-To: chris@corp.example\nTo: list@x', [list], 'postfix');
    expect(decision.recipients.map(({ address }) => address)).toEqual(['chris@corp.example']);
    expect(decision.consulted?.at(-1)).toEqual({
      source: 'rules',
      addresses: 0,
      result: 'notAsked',
    });
  });

  it('are told with how many they added', () => {
    const told = (header: string) => decided(header, [list]).consulted?.at(-1);
    expect(told('To: list@x')).toEqual({ source: 'rules', addresses: 2, result: 'decides' });
    expect(told('To: y@x')).toEqual({ source: 'rules', addresses: 0, result: 'refused' });
    expect(decided('To: list@x', []).consulted).toHaveLength(1);
  });

  it('say in the undeliverable field that none matches', () => {
    expect(decided('To: y@x', [list]).edits.add[2]?.replaceAll('\r\n', '')).toBe(
      'X-Mailferry-Undeliverable: no recipient among the addresses in To and Cc (1 domain not accepted), and no rule matches',
    );
  });
});

describe('covers', () => {
  const when = (conditions: Partial<RuleConditions>): RuleConditions => ({
    ...NONE,
    ...conditions,
  });

  it.each([
    [{ any: 'list' }, { any: 'LIST@x' }, true],
    [{ any: 'list' }, { to: 'list@x', cc: 'y' }, true],
    [{ to: 'list' }, { any: 'list' }, false],
    [{ to: 'list@x' }, { to: 'list' }, false],
    [{ header: { 'List-Id': 'a' } }, { header: { 'list-id': 'AB' } }, true],
    [{ header: { 'List-Id': 'a' } }, { header: { 'X-List-Id': 'a' } }, false],
    [{ to: 'a', cc: 'b' }, { to: 'a' }, false],
  ])('%j covers %j: %s', (wide, narrow, answer) => {
    expect(covers(when(wide), when(narrow))).toBe(answer);
  });

  it('what it says holds for any message', () => {
    const text = fc.constantFrom('a', 'b', 'ab');
    const conditions = fc
      .record({ to: fc.option(text), cc: fc.option(text), any: fc.option(text) })
      .map(when);
    const message = fc.record({ to: text, cc: text });
    fc.assert(
      fc.property(conditions, conditions, message, (wide, narrow, fields) => {
        const textsOf = textsOfExample(new Map(Object.entries(fields)));
        if (covers(wide, narrow) && matches(narrow, textsOf)) {
          expect(matches(wide, textsOf)).toBe(true);
        }
      }),
    );
  });
});
