import { expect, it } from 'vitest';

import type { Decision } from '../../shared/routing/decision.ts';
import { explainInWords, explanation } from '../../shared/routing/explain.ts';
import { heldDecision } from '../../shared/routing/held.ts';

const decision: Decision = {
  outcome: 'deliver',
  recipients: [
    { address: 'chris@corp.example', source: 'To', rule: null, alias: null },
    { address: 'kelly@corp.example', source: 'rule', rule: 2, alias: 'info@corp.example' },
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
};

it('explanation has the names of the contract and nothing else', () => {
  expect(explanation({ ...decision, duplicateKey: 'x' } as Decision)).toEqual({
    outcome: 'deliver',
    recipients: decision.recipients,
    ignored: decision.ignored,
    mailFrom: 'ann@nwtraders.example',
    removed: ['Return-Path', 'Bcc'],
    renamed: { 'Delivered-To': 'X-Original-Delivered-To' },
    added: ['Received', 'X-Mailferry-Id'],
    warnings: ['look at this'],
  });
});

it('explainInWords says the same for people', () => {
  expect(explainInWords(decision)).toEqual([
    'Delivered to 3 recipients',
    '  chris@corp.example (from To)',
    '  kelly@corp.example (from rule, rule 2, alias info@corp.example)',
    '  pat@corp.example (fixed target of the mailbox)',
    'Passed over: 3',
    '  bob@other.example (Cc): domain not accepted',
    '  and 2 more',
    'Envelope sender: ann@nwtraders.example',
    'Removed fields: Return-Path, Bcc',
    'Renamed fields: Delivered-To to X-Original-Delivered-To',
    'Added fields: Received, X-Mailferry-Id',
    'Warning: look at this',
  ]);
});

it('explainInWords leaves out what there is not', () => {
  expect(explainInWords(heldDecision('loop').decision)).toEqual([
    'Held: nothing is sent',
    'Envelope sender: <> (null reverse-path)',
    'Warning: loop',
  ]);
  const [recipient] = decision.recipients;
  if (recipient === undefined) throw new Error('the decision has recipients');
  const one: Decision = { ...decision, recipients: [recipient], ignoredCount: 1 };
  expect(explainInWords(one)[0]).toBe('Delivered to 1 recipient');
  expect(explainInWords(one)).not.toContain('  and 0 more');
  expect(explainInWords({ ...one, outcome: 'undeliverable' })[0]).toBe(
    'Undeliverable: goes to the mailbox for such mail',
  );
});
