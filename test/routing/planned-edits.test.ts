import { describe, expect, it } from 'vitest';

import { decide } from '../../shared/routing/decide.ts';
import type { RecipientSource } from '../../shared/settings/settings.ts';
import { globalMailbox, routingInput } from './routing-input.ts';

const ONE = 'To: chris@corp.example';
const TWO = 'To: chris@corp.example, kelly@corp.example';

function editsOf(
  lines: readonly string[],
  recipientSource: readonly RecipientSource[] = [{ kind: 'to' }],
) {
  const header = `${lines.join('\r\n')}\r\n\r\n`;
  const mailbox = globalMailbox({ recipientSource, ignore: new Set(['box@corp.example']) });
  return decide(routingInput({ header, mailbox })).decision.edits;
}

describe('what tells several people of each other', () => {
  const exposing = [
    ['Bcc: pat@corp.example', 'Bcc'],
    ['resent-bcc: pat@corp.example', 'Resent-Bcc'],
    ['X-Original-To: pat@corp.example', 'X-Original-To'],
    ['Envelope-to: pat@corp.example', 'Envelope-To'],
    ['X-Envelope-To: pat@corp.example', 'X-Envelope-To'],
    ['X-RCPT-TO: pat@corp.example', 'X-Rcpt-To'],
    ['X-Delivered-To: pat@corp.example', 'X-Delivered-To'],
    ['X-Real-To: pat@corp.example', 'X-Real-To'],
    ['X-Apparently-To: pat@corp.example', 'X-Apparently-To'],
    ['Apparently-To: pat@other.example', 'Apparently-To'],
    ['X-Gm-Original-To: pat@corp.example', 'X-Gm-Original-To'],
    ['X-MDaemon-Deliver-To: pat@corp.example', 'X-MDaemon-Deliver-To'],
    ['X-Deliver-To: pat@corp.example', 'X-Deliver-To'],
    ['Delivered-To: pat@corp.example', 'Delivered-To'],
  ] as const;

  it.each(exposing)('%s goes from their copy', (line, name) => {
    const { remove, rename } = editsOf([line, TWO]);
    expect({ remove, rename }).toEqual({ remove: [name], rename: {} });
  });

  it.each(exposing.filter(([, name]) => name !== 'Apparently-To'))(
    '%s stays in the copy of one',
    (line) => {
      expect(editsOf([line, ONE]).remove).toEqual([]);
    },
  );

  it('goes too where the configuration names it, unless all may see it', () => {
    const header = (name: string): RecipientSource => ({
      ...{ kind: 'header', header: name, position: 1, prefix: null, by: null },
    });
    const lines = ['X-Pickup: chris@corp.example, kelly@corp.example', TWO];
    expect(editsOf(lines, [header('X-Pickup')]).remove).toEqual(['X-Pickup']);
    expect(editsOf([TWO], [header('To')]).remove).toEqual([]);
    const { remove, rename } = editsOf(
      ['Delivered-To: chris@corp.example,kelly@corp.example', 'X: y'],
      [header('delivered-to')],
    );
    expect({ remove, rename }).toEqual({ remove: ['delivered-to'], rename: {} });
  });

  it.each(['To', 'cc', 'From', 'Sender', 'Reply-To', 'Subject', 'resent-to', 'Resent-Cc'])(
    '%s is for all to see, also as a source',
    (name) => {
      const source: RecipientSource = {
        ...{ kind: 'header', header: name, position: 1, prefix: null, by: null },
      };
      const lines = [`${name}: chris@corp.example, kelly@corp.example`];
      expect(editsOf(lines, [source]).remove).toEqual([]);
    },
  );

  it('Return-Path goes from their copy as well', () => {
    expect(editsOf(['return-path: <a@b>', 'Bcc: x@y', TWO]).remove).toEqual(['Return-Path', 'Bcc']);
  });

  it('goes where one Delivered-To of several names somebody, whatever the others hold', () => {
    const lines = ['Delivered-To: <bad@>', 'Delivered-To: x@other.example'];
    expect(editsOf([...lines, TWO]).remove).toEqual([]);
    expect(editsOf([...lines, 'Delivered-To: pat@corp.example', TWO]).remove).toEqual([
      'Delivered-To',
    ]);
  });

  it('goes rather than being renamed where it names one of them', () => {
    const edits = editsOf([
      'Delivered-To: x@other.example',
      'Delivered-To: Kelly@corp.example',
      TWO,
    ]);
    expect(edits.remove).toEqual(['Delivered-To']);
    expect(edits.rename).toEqual({});
  });

  it('is not a Delivered-To of the pickup box or of a stranger, nor any trace or signed field', () => {
    const lines = [
      'Delivered-To: box@corp.example',
      'Delivered-To: pat@other.example',
      'Received: from x by y for <pat@corp.example>; d',
      'DKIM-Signature: v=1',
      'Authentication-Results: x',
      'Resent-To: pat@corp.example',
      'Cc: pat@other.example',
      'Reply-To: pat@corp.example',
      TWO,
    ];
    const { remove, rename } = editsOf(lines);
    expect({ remove, rename }).toEqual({ remove: [], rename: {} });
  });
});

it('Return-Path goes always, every other field of the copy of one stays', () => {
  expect(editsOf(['Return-Path: <a@b>', 'Bcc: pat@corp.example', ONE]).remove).toEqual([
    'Return-Path',
  ]);
});
