import { expect, it } from 'vitest';

import type { Decision } from '../../shared/routing/decision.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { heldDecision } from '../../shared/routing/held.ts';

const decision: Decision = {
  outcome: 'deliver',
  recipients: [
    { address: 'chris@corp.example', source: 'To', rule: null, alias: null },
    { address: 'kelly@corp.example', source: 'rule', rule: 2, alias: null },
    { address: 'sam@corp.example', source: 'Cc', rule: null, alias: 'info@corp.example' },
    { address: 'pat@corp.example', source: 'mailbox', rule: null, alias: null },
  ],
  ignored: [{ address: 'bob@other.example', source: 'Cc', reason: 'domain not accepted' }],
  ignoredCount: 3,
  mailFrom: 'ann@nwtraders.example',
  edits: {
    remove: ['Return-Path', 'Bcc'],
    rename: { 'Delivered-To': 'X-Original-Delivered-To' },
    add: ['Received: from a by b;\r\n date: 1', 'X-Mailferry-Id: x'],
  },
  warnings: ['look at this'],
  consulted: [
    { source: 'X-Original-To (topmost)', addresses: 0, result: 'absent' },
    { source: 'To, Cc, Apparently-To', addresses: 1, result: 'decides' },
    { source: 'rules', addresses: 2, result: 'decides' },
  ],
};

it('explanation has the names of the contract, and what was asked', () => {
  expect(explanation({ ...decision, duplicateKey: 'x' } as Decision)).toEqual({
    outcome: 'deliver',
    recipients: decision.recipients,
    ignored: decision.ignored,
    ignoredCount: 3,
    mailFrom: 'ann@nwtraders.example',
    removed: ['Return-Path', 'Bcc'],
    renamed: { 'Delivered-To': 'X-Original-Delivered-To' },
    added: ['Received', 'X-Mailferry-Id'],
    reason: null,
    sources: decision.consulted,
    warnings: ['look at this'],
  });
});

it('explainInWords says the same for people', () => {
  expect(explainInWords(decision)).toEqual([
    'Delivered to 4 recipients',
    '  chris@corp.example (from To)',
    '  kelly@corp.example (added by rule 2)',
    '  sam@corp.example (from Cc, alias info@corp.example)',
    '  pat@corp.example (fixed target of the mailbox)',
    'Warning: look at this',
    'Looked for recipients in this order:',
    '  X-Original-To (topmost): no such field there',
    '  To, Cc, Apparently-To: 1 address, decides',
    '  rules: 2 addresses, add recipients',
    'Passed over: 3',
    '  bob@other.example (Cc): domain not accepted',
    '  and 2 more',
    'Envelope sender: ann@nwtraders.example',
    'Removed fields: Return-Path, Bcc',
    'Renamed fields: Delivered-To to X-Original-Delivered-To',
    'Added fields: Received, X-Mailferry-Id',
  ]);
});

it('explainInWords leaves out what there is not', () => {
  expect(explainInWords(heldDecision('loop').decision)).toEqual([
    'Held: nothing is sent, the message is kept in Failed/',
    'Why: loop',
  ]);
  const [recipient] = decision.recipients;
  if (recipient === undefined) throw new Error('the decision has recipients');
  const one: Decision = { ...decision, recipients: [recipient], ignoredCount: 1 };
  expect(explainInWords({ ...one, mailFrom: '' })).toContain(
    'Envelope sender: <> (null reverse-path)',
  );
  const from = (source: string) =>
    explainInWords({ ...one, recipients: [{ ...recipient, source }] })[1];
  expect(from('undeliverable')).toBe('  chris@corp.example (the undeliverable mailbox)');
  expect(from('notice')).toBe('  chris@corp.example (fixed recipient of a notice)');
  expect(explainInWords({ ...one, outcome: 'held' })).toContain(
    'Envelope sender: ann@nwtraders.example',
  );
  expect(explainInWords(one)[0]).toBe('Delivered to 1 recipient');
  expect(explainInWords(one)).not.toContain('  and 0 more');
  expect(explainInWords({ ...one, outcome: 'undeliverable' })[0]).toBe(
    'Undeliverable: goes to the mailbox for such mail',
  );
});

it.each([
  [
    'X (last)',
    'untrusted',
    'a field of that name, but not above that Received: anybody may have written it',
  ],
  ['X (last)', 'empty', 'names no address'],
  ['X (last)', 'refused', 'nobody of ours'],
  ['X (last)', 'notAsked', 'not asked, since an earlier one decides'],
  ['rules', 'refused', 'none matches'],
  ['rules', 'notAsked', 'not asked, since the envelope names the recipients'],
] as const)('explainInWords: %s %s', (source, result, words) => {
  const consulted = [{ source, addresses: 0, result }];
  expect(explainInWords({ ...decision, consulted })).toContain(`  ${source}: ${words}`);
});

it('says why nobody was found, as the message itself does', () => {
  const add = ['Received: x', 'X-Mailferry-Undeliverable: no address in To\r\n or Cc'];
  const edits = { ...decision.edits, add };
  const undeliverable: Decision = { ...decision, outcome: 'undeliverable', edits };
  expect(explanation(undeliverable).reason).toBe('no address in To or Cc');
  expect(explainInWords(undeliverable)).toContain('Why: no address in To or Cc');
});
