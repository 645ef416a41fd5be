import { describe, expect, it } from 'vitest';

import { CharsetReader, undeclaredText } from '../../shared/mail/charset.ts';

const read = (octets: readonly number[], charset: string): string =>
  new CharsetReader().read(Buffer.from(octets), charset);

describe('CharsetReader', () => {
  it.each([
    ['cp932', [0x93, 0xfa], '日'],
    ['CP936', [0xc4, 0xe3], '你'],
    ['cp949', [0xb0, 0xa1], '가'],
    ['Cp950', [0xa7, 0x41], '你'],
    ['x-euc-jp', [0xc6, 0xfc], '日'],
    ['cp50220', [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42], '日'],
    // A single octet that UTF-8 has not: as undeclared text it would be a letter of Windows-1252.
    ['cp65001', [0xe4], '\ufffd'],
    ['UTF-8', [0xe4], '\ufffd'],
    ['koi8-r', [0xd0], 'п'],
    ['', [0xe4], 'ä'],
    ['no such charset', [0xc3, 0xa4], 'ä'],
  ])('reads %s', (charset, octets, text) => {
    expect(read(octets, charset)).toBe(text);
  });

  it('looks up 300 names and no more, and goes on with those it knows', () => {
    const reader = new CharsetReader();
    const koi = (): string => reader.read(Buffer.from([0xd0]), 'KOI8-R');
    expect(koi()).toBe('п');
    for (let made = 0; made < 298; made += 1) reader.read(Buffer.from('x'), `x-${made}`);
    expect(reader.read(Buffer.from([0xcf]), 'windows-1251')).toBe('П');
    expect(reader.read(Buffer.from([0xb1]), 'iso-8859-2')).toBe('±');
    expect(reader.read(Buffer.from([0xcf]), 'windows-1251')).toBe('П');
    expect(koi()).toBe('п');
  });
});

it('undeclaredText reads UTF-8 where it is valid, else Windows-1252', () => {
  expect(undeclaredText(Buffer.from('ä€'))).toBe('ä€');
  expect(undeclaredText(Buffer.from([0xe4, 0x80]))).toBe('ä€');
});
