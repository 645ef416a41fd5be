import { expect, it } from 'vitest';

import { recipientLikeFields } from '../../shared/routing/recipient-like-fields.ts';

const shown = (header: string): string[] =>
  recipientLikeFields(Buffer.from(`${header}\n\n`), ['corp.example']).fields.map(
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
    'DKIM-Signature: v=1; i=chris@corp.example',
    'DomainKey-Status: chris@corp.example',
    'ARC-Authentication-Results: chris@corp.example',
    'X-Google-Original-From: chris@corp.example',
    'List-Post: chris@corp.example',
    'Resent-To: somebody',
    'Resent-Cc: somebody',
    'X-Forwarded-To: somebody',
    'Recipient: somebody@other.example',
    'X-To-Do: somebody@other.example',
    'X-From: kelly@corp.example',
    'Subject-Line: kelly@corp.example',
    'X-Several: bad@, somebody@other.example, kelly@corp.example',
    'X-None: kelly',
    'X-Mailferry-Id: x@corp.example',
  ];
  expect(shown(header.join('\n'))).toEqual([
    ...['delivered-to 1/2', 'Received 1/1', 'Delivered-To 2/2', 'To 1/1', 'List-Id 1/1'],
    ...['X-Own-Rcpt 1/1', 'X-Whose 1/1', 'Resent-To 1/1', 'Resent-Cc 1/1', 'X-Forwarded-To 1/1'],
    ...['Recipient 1/1', 'X-From 1/1', 'Subject-Line 1/1', 'X-Several 1/1'],
  ]);
});

it('does not read what is longer than 4 KiB', () => {
  const field = (length: number) =>
    `X-Whose: chris@corp.example`.padEnd(length + 'X-Whose:'.length);
  expect(shown(field(4096))).toEqual(['X-Whose 1/1']);
  expect(shown(field(4097))).toEqual([]);
});

it('shows the first hundred and the last hundred, with their places among all', () => {
  const lines = Array.from({ length: 250 }, (_, at) => `X-Own-To: u${at}@corp.example`);
  const header = Buffer.from(`${['Delivered-To: box', ...lines, 'Envelope-To: x'].join('\n')}\n\n`);
  const { fields, leftOut } = recipientLikeFields(header, ['corp.example']);
  expect(fields).toHaveLength(200);
  expect(leftOut).toBe(52);
  const places = fields.map(({ name, position, of }) => `${name} ${position}/${of}`);
  expect(places.slice(0, 2)).toEqual(['Delivered-To 1/1', 'X-Own-To 1/250']);
  expect(places.slice(99, 101)).toEqual(['X-Own-To 99/250', 'X-Own-To 152/250']);
  expect(places.slice(-2)).toEqual(['X-Own-To 250/250', 'Envelope-To 1/1']);
});
