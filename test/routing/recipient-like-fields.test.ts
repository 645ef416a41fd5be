import { expect, it } from 'vitest';

import { recipientLikeFields } from '../../shared/routing/recipient-like-fields.ts';

const shown = (header: string): string[] =>
  recipientLikeFields(Buffer.from(`${header}\n\n`), ['corp.example']).map(
    ({ name, position, of }) => `${name} ${position}/${of}`,
  );

it('shows what could name a recipient, in its order and counted among its name', () => {
  const header = [
    'Return-Path: <chris@corp.example>',
    'delivered-to: box@corp.example',
    'Received: from x by y',
    'Delivered-To: other',
    'From: kelly@corp.example',
    'Subject: chris@corp.example',
    'To: undisclosed-recipients:;',
    'List-Id: <news.corp.example>',
    'List-Unsubscribe: <mailto:x@corp.example>',
    'Message-ID: <1@corp.example>',
    'X-Own-Rcpt: somebody@other.example',
    'X-Other: somebody@other.example',
    'X-Whose: Chris <chris@CORP.example>',
    'DKIM-Signature: v=1; i=@corp.example',
    'X-Mailferry-Id: x@corp.example',
  ];
  expect(shown(header.join('\n'))).toEqual([
    ...['delivered-to 1/2', 'Received 1/1', 'Delivered-To 2/2', 'To 1/1', 'List-Id 1/1'],
    ...['X-Own-Rcpt 1/1', 'X-Whose 1/1'],
  ]);
});

it('does not read what is longer than 4 KiB', () => {
  const field = (length: number) =>
    `X-Whose: chris@corp.example`.padEnd(length + 'X-Whose:'.length);
  expect(shown(field(4096))).toEqual(['X-Whose 1/1']);
  expect(shown(field(4097))).toEqual([]);
});
