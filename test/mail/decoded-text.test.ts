import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodedText } from '../../shared/mail/decoded-text.ts';

const read = (value: string) => decodedText(Buffer.from(value, 'latin1'));
const utf8 = (value: string) => decodedText(Buffer.from(value));

describe('decodedText', () => {
  it.each([
    ['', ''],
    [' \r\n\t ', ''],
    [' plain  text\r\n\tfolded \r\n again ', 'plain text folded again'],
    ['bare\rCR, NUL\0, tab\tand escape\x1b', 'bare CR, NUL , tab and escape'],
    ['a\u0085b', 'a…b'],
    ['a\nb', 'a b'],
    ['a\rb', 'a b'],
  ])('reads %j as %j', (value, text) => {
    expect(read(value)).toBe(text);
  });

  it('takes 8-bit text for UTF-8 where it is, else for Windows-1252', () => {
    expect(utf8('Jürgen €')).toBe('Jürgen €');
    expect(read('J\xfcrgen \x80')).toBe('Jürgen €');
    expect(read('J\xfcrgen =?utf-8?q?=C3=BC?= \xc3\xbc')).toBe('Jürgen ü ü');
  });

  it('composes accents, so that one way to write them equals the other', () => {
    expect(utf8('u\u0308 =?utf-8?q?u=CC=88?=')).toBe('ü ü');
    expect(utf8('\u1112\u1161\u11ab')).toBe('\ud55c');
    expect(utf8(`a${'\u0301'.repeat(40)}b`)).toBe(`á${'\u0301'.repeat(29)}b`);
    expect(utf8(`e${'\u0302'.repeat(31)}`.repeat(2))).toBe(`ê${'\u0302'.repeat(29)}`.repeat(2));
  });

  describe('encoded words', () => {
    it.each([
      ['=?utf-8?q?K=C3=A4se?=', 'Käse'],
      ['=?UTF-8?Q?K=c3=a4se?=', 'Käse'],
      ['=?utf-8?B?S8Okc2U=?=', 'Käse'],
      ['=?iso-8859-1?q?K=E4se_und_Brot?=', 'Käse und Brot'],
      ['=?us-ascii*en-US?q?hello?=', 'hello'],
      ['=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=', '日本'],
      ['=?koi8-r?b?8NLJ18XU?=', 'Привет'],
      ['=?gb2312?b?xOO6ww==?=', '你好'],
      ['=?cp932?b?k/qWew==?=', '日本'],
      ['=?windows-1251?q?=CF=F0=E8?=', 'При'],
      ['=?utf-8?q??=', ''],
      ['a =?utf-8?q?b?= c', 'a b c'],
      ['=?utf-8?q?=00=0D=0ABcc:_x?=', 'Bcc: x'],
    ])('reads %j as %j', (value, text) => {
      expect(read(value)).toBe(text);
    });

    it.each([
      ['a blank', '=?utf-8?q?a?= =?utf-8?q?b?='],
      ['folding', '=?utf-8?q?a?=\r\n\t =?utf-8?q?b?='],
      ['nothing', '=?utf-8?q?a?==?utf-8?q?b?='],
      ['a blank, in two charsets', '=?utf-8?q?a?= =?iso-8859-1?q?b?='],
      ['a blank, in two encodings', '=?utf-8?q?a?= =?UTF-8?b?Yg==?='],
    ])('joins two with %s between them', (_what, value) => {
      expect(read(value)).toBe('ab');
    });

    it('keeps what stands between two that are not adjacent', () => {
      expect(read('=?utf-8?q?a?= , =?utf-8?q?b?= c =?utf-8?q?d?=')).toBe('a , b c d');
      expect(read('x =?utf-8?q?a?= =?koi8-r?q?b?= y')).toBe('x ab y');
    });

    it('puts together a character that was cut in two', () => {
      expect(read('=?utf-8?b?w4Q=?= =?utf-8?q?=C3?=\r\n =?utf-8?q?=A4?=')).toBe('Ää');
    });

    it.each([
      ['glued to an address', '=?utf-8?q?K?=<kelly@corp.example>', 'K<kelly@corp.example>'],
      ['within quotes', '"=?utf-8?q?K=2C?= x" <k@corp.example>', '"K, x" <k@corp.example>'],
      ['with blanks inside', '=?utf-8?q?two words?=', 'two words'],
      ['folded inside', '=?utf-8?b?S8Ok\r\n c2U=?=', 'Käse'],
      ['with bad digits', '=?utf-8?q?100=zz_=4?=', '100=zz =4'],
      ['with an equals sign at its end', '=?utf-8?q?a=?=', 'a='],
      ['with stray characters in base64', '=?utf-8?b?S8*Okc2U?=', 'Käse'],
      ['with padding in the middle', '=?utf-8?b?YQ==YQ==?=', 'aa'],
      ['cut short in base64', '=?utf-8?b?S8Okc2?=', 'Käs'],
      ['of an unknown charset, UTF-8 in fact', '=?x-unknown?q?K=C3=A4se?=', 'Käse'],
      ['of an unknown charset', '=?x-unknown?q?K=E4se?=', 'Käse'],
      ['of a charset that is refused', '=?utf-7?q?a+AOQ-?=', 'a+AOQ-'],
      ['with octets that are wrong in its charset', '=?utf-8?q?K=E4se?=', 'K\ufffdse'],
    ])('reads one %s', (_what, value, text) => {
      expect(read(value)).toBe(text);
    });

    it.each([
      '=?utf-8?q?never closed',
      '=?utf-8?x?a?=',
      '=?utf-8?q?',
      '=?utf-8?=',
      '=??q?a?=',
      '=?',
      '?=',
      '=?=',
      'a=?b c?q?d?=',
    ])('leaves %j as it is', (value) => {
      expect(read(value)).toBe(value);
    });

    it('reads one behind a broken one', () => {
      expect(read('=?utf-8?q?broken =?utf-8?q?whole?=')).toBe('=?utf-8?q?broken whole');
      expect(read('=? =?utf-8?q?whole?= =?utf-8?q?broken')).toBe('=? whole =?utf-8?q?broken');
    });

    it('decodes once', () => {
      expect(read('=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3F=3D?=')).toBe('=?utf-8?q?a?=');
      expect(read("=?utf-8?q?=3B_x*=3Dutf-8''%41?=")).toBe("; x*=utf-8''%41");
    });
  });

  describe('extended parameters', () => {
    it.each([
      ["attachment; filename*=utf-8''na%C3%AFve%20plan.pdf", 'attachment; filename=naïve plan.pdf'],
      ["a; FileName*=UTF-8'de'%e4; b=c", 'a; filename=\ufffd; b=c'],
      ['a; n*0*=utf-8\'\'%C3;\r\n n*1*=%A4; n*2="%41.pdf"', 'a; n=ä%41.pdf'],
      ['a; n*0=x; n*1=y', 'a; n*0=x; n*1=y'],
      ['a; n*=no-charset', 'a; n*=no-charset'],
      ["a; n*0*=utf-8''x; m*1*=y; n*2*=z", 'a; n=x; m*1*=y; n*2*=z'],
      ["n*=utf-8''100%zz%", 'n=100%zz%'],
      ['List-Id: a * b; c', 'List-Id: a * b; c'],
      ["n*=utf-8''%41 ; b=1", 'n=A; b=1'],
      ['n*="utf-8\'\'%41"', 'n=A'],
      ['n*=utf-8\'\'a"b"', 'n=a"b"'],
      ['n*="utf-8\'\'a"b', 'n*="utf-8\'\'a"b'],
      ["n*=x!utf-8''a", "n*=x!utf-8''a"],
      ["two words*=utf-8''a", "two words*=utf-8''a"],
      ["n*0*=utf-8''a; n*2*=b", 'n=a; n*2*=b'],
      [
        `n*0*=utf-8''0;${Array.from({ length: 11 }, (_, at) => ` n*${at + 1}*=%41;`).join('')}`,
        `n=0${'A'.repeat(11)};`,
      ],
      ["n*0*=iso-8859-1''%E4; n*1=\xfc", 'n=äü'],
    ])('reads %j as %j', (value, text) => {
      expect(read(value)).toBe(text);
    });
  });

  it('takes any octets, and gives one line without controls', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '=?',
        '?=',
        'utf-8',
        '?q?',
        '?B?',
        'gb18030',
        'iso-2022-jp',
        '=',
        '*',
        "''",
        ';',
        ' ',
        '\r\n ',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 4 }),
      fc.uint8Array({ maxLength: 6 }).map((octets) => Buffer.from(octets).toString('latin1')),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = read(pieces.join(''));
        expect(text).not.toMatch(/\p{Cc}|^\s|\s$|\s\s/u);
        expect(text.isWellFormed()).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads any text back from its encoded words', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 9 })), (words) => {
        const encoded = words.map((word) => `=?utf-8?b?${Buffer.from(word).toString('base64')}?=`);
        expect(read(encoded.join('\r\n '))).toBe(utf8(words.join('')));
      }),
    );
  });
});
