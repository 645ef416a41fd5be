import { describe, expect, it } from 'vitest';

import { differenceOf } from './carried-mail.ts';

/** The judge of the other tests here has to be strict itself. */
describe('differenceOf', () => {
  const stored = Buffer.from('Return-Path: <a@b.example>\nTo: c\n d\nSubject: x\n\n.dot\nend');
  const top = 'Received: by us\r\n ; now\r\nX-Mailferry-Id: id\r\n';
  const whole = `${top}To: c\r\n d\r\nSubject: x\r\n\r\n.dot\r\nend\r\n`;

  it('finds nothing wrong with a message that lost Return-Path and gained our fields', () => {
    expect(differenceOf(stored, Buffer.from(whole))).toBeNull();
  });

  it.each([
    ['our fields missing', whole.slice(top.length), /on top/],
    ['a field too many on top', `${top}X-Other: 1\r\n${whole.slice(top.length)}`, /no other field/],
    [
      'Return-Path kept',
      `${top}Return-Path: <a@b.example>\r\n${whole.slice(top.length)}`,
      /no other field/,
    ],
    ['a folding undone', whole.replace('c\r\n d', 'c d'), /header field/],
    [
      'fields in another order',
      whole.replace(/(To: c\r\n d\r\n)(Subject: x\r\n)/, '$2$1'),
      /header field/,
    ],
    ['a field lost', whole.replace('Subject: x\r\n', ''), /on top|header field/],
    ['a dot lost', whole.replace('.dot', 'dot'), /part at/],
    ['a dot doubled', whole.replace('.dot', '..dot'), /part at/],
    ['the last line cut', whole.slice(0, -5), /part at/],
    ['a line end added', `${whole}\r\n`, /body of/],
  ])('sees %s', (_, delivered, words) => {
    expect(differenceOf(stored, Buffer.from(delivered))).toMatch(words);
  });
});
