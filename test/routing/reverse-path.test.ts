import { describe, expect, it } from 'vitest';

import { collectFields } from '../../shared/mail/header-block.ts';
import { reversePath } from '../../shared/routing/reverse-path.ts';

function mailFrom(text: string, sender = 'original'): string {
  const header = Buffer.from(text);
  const fields = collectFields(header, new Set(['return-path', 'sender', 'from']));
  return reversePath(header, fields, sender);
}

describe('reversePath', () => {
  it.each([
    ['Return-Path: <a@x.example>\nFrom: b@x.example\n', 'a@x.example'],
    ['Return-Path: a@x.example\n', 'a@x.example'],
    ['From: b@x.example\nReturn-Path: <a@x.example>\nReturn-Path: <>\n', 'a@x.example'],
    ['Return-Path: <>\nFrom: b@x.example\n', ''],
    ['Return-Path: < >\nFrom: b@x.example\n', ''],
    ['Return-Path: <> (null)\nFrom: b@x.example\n', ''],
    ['Return-Path:\nFrom: b@x.example\n', ''],
    ['Return-Path: <#@[]>\nFrom: b@x.example\n', ''],
    ['Return-Path: <##@[]>\nFrom: b@x.example\n', 'b@x.example'],
    ['Return-Path: <>\nReturn-Path: <a@x.example>\n', ''],
    ['Return-Path: <MAILER-DAEMON>\nSender: c@x.example\nFrom: b@x.example\n', 'c@x.example'],
    ['Sender: nobody\nSender: c@x.example\nFrom: b@x.example\n', 'c@x.example'],
    ['Sender: nobody\nFrom: B <b@x.example>, c@x.example\n', 'b@x.example'],
    ['From: a b, <x y@x.example>\nFrom: c@x.example\n', 'c@x.example'],
    ['From: nobody\n', ''],
    ['To: chris@corp.example\n', ''],
    ['', ''],
    [`Return-Path: <${'a'.repeat(200)}@x.example>\n`, `${'a'.repeat(200)}@x.example`],
    [`Return-Path: <a@x.example>${' '.repeat(70_000)}\nFrom: b@x.example\n`, 'b@x.example'],
    [`From: ${' '.repeat(70_000)}b@x.example\n`, ''],
  ])('%#', (header, expected) => {
    expect(mailFrom(header)).toBe(expected);
  });

  it('is the fixed address where one is set, but null stays null', () => {
    const fixed = 'connector@corp.example';
    expect(mailFrom('Return-Path: <a@x.example>\n', fixed)).toBe(fixed);
    expect(mailFrom('From: a@x.example\n', fixed)).toBe(fixed);
    expect(mailFrom('Return-Path: <no path>\n', fixed)).toBe(fixed);
    expect(mailFrom('Return-Path: <>\n', fixed)).toBe('');
  });
});
