import { describe, expect, it } from 'vitest';

import { readAddresses } from '../../shared/mail/address-field.ts';
import { decodedText } from '../../shared/mail/decoded-text.ts';
import { headerFields, MAX_HEADER_OCTETS } from '../../shared/mail/header-block.ts';

/**
 * What a reader of more than linear time, or with a stack of its own for nesting, would not live to see the end of.
 * `npm run bench:route` measures how the times grow.
 */

describe('headerFields', () => {
  it('takes a megabyte of any one line end, blank or name', () => {
    for (const unit of ['\r', 'a\r', 'a:\n', 'a:\r', 'a', ' ', ' \n', '\r\r\n', 'a\r\r'])
      expect(
        headerFields(Buffer.alloc(1 << 20, unit))
          .take(2)
          .toArray(),
      ).toHaveLength(unit.startsWith('a:') ? 2 : 0);
  });
});

describe('readAddresses', () => {
  it.each([
    ['(', 0],
    ['<', 0],
    ['"', 0],
    [':', 0],
    ['@', 1],
    ['a@b,', 1 << 16],
    ['"a" ', 0],
    ['\\', 0],
    ['(a)', 0],
    ['<@a,', 1 << 16],
    ['<@a,,', 52_429],
    ['. ', 0],
    ['<. ', 0],
    ['<a:', 0],
    ['@a:', 1],
    ['"a".', 0],
    ['\\"', 0],
    ['a\0', 0],
  ])('comes to an end with a quarter of a megabyte of %j', (unit, entries) => {
    expect(readAddresses(Buffer.alloc(1 << 18, unit))).toHaveLength(entries);
  });
});

describe('decodedText', () => {
  it.each([
    '=?',
    '?=',
    '=?utf-8?q?',
    '=?utf-8?q?a?= ',
    '=?x?b?=?=',
    ' ',
    '=?utf-8?b?A=A=',
    'a*=',
    "a*0*=utf-8''b;",
    ';',
    '\u0301\u0323',
    '=?utf-8?q?=CC=81=CC=A3?=',
    '\r\n ',
    '%',
  ])('comes to an end with half a megabyte of %j', (unit) => {
    expect(typeof decodedText(Buffer.alloc(1 << 19, unit))).toBe('string');
  });

  it('does not overflow by a whole header block of combining marks', () => {
    expect(decodedText(Buffer.alloc(MAX_HEADER_OCTETS, '\u0301\u0323'))).toHaveLength(30);
  });
});
