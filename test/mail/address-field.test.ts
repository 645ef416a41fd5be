import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { isNullPath, readAddresses } from '../../shared/mail/address-field.ts';
import { SENDER_LOCAL_OCTETS } from '../../shared/mail/address.ts';
import { addressList } from './address-list.ts';

/** Addresses as sent; what is malformed with a `!` before it. */
const read = (value: string | Buffer) =>
  readAddresses(Buffer.from(value as string)).map((entry) =>
    entry.kind === 'address' ? entry.address.text : `!${entry.text}`,
  );

describe('readAddresses', () => {
  it.each([
    ['a@x.example', ['a@x.example']],
    [
      ' Ann <a@x.example>, b@y.example\r\n\t, "C, D" <c@z.example>',
      ['a@x.example', 'b@y.example', 'c@z.example'],
    ],
    ['a@x.example;b@y.example; c@z.example', ['a@x.example', 'b@y.example', 'c@z.example']],
    ['Joe Foo, PhD <joe@x.example>', ['joe@x.example']],
    ['Bob, a@x.example', ['a@x.example']],
    ['team: a@x.example, b@y.example;, c@z.example', ['a@x.example', 'b@y.example', 'c@z.example']],
    ['a:b: c@x.example;, d@x.example', ['c@x.example', 'd@x.example']],
    ['a@x.example, ,; b@y.example,;', ['a@x.example', 'b@y.example']],
    ['foo@bar.example<a@x.example>', ['a@x.example']],
    ['a@b.example <c@d.example>', ['c@d.example']],
    ['"<b@evil.example>" <a@x.example>', ['a@x.example']],
    ['"b@evil.example" a@x.example', ['a@x.example']],
    ['a@x.example "b@evil.example"', ['a@x.example']],
    ["'a@x.example'", ['a@x.example']],
    ["'a@x.example", ["'a@x.example"]],
    ["a@x.example'", ["!a@x.example'"]],
    ["<'a@x.example'>", ['a@x.example']],
    ["''@x.example", ["''@x.example"]],
    ['"a@x.example"', ['a@x.example']],
    ['"a@x.example" (c)', ['a@x.example']],
    ['b"a@x.example"', []],
    ['"a@x.example"b', []],
    ['a@x.example <>', ['a@x.example']],
    ['a@x.example <chris>', ['a@x.example']],
    ['a@x.example via 192.0.2.45; Mon, 3 Nov 2026 01:02:03 +0000', ['a@x.example']],
    ['a@x.example; Mon, 3 Nov 2026 01:02:03 +0000', ['a@x.example']],
    ['a@x.example 01:02:03', ['a@x.example']],
    ['mailto:a@x.example', ['a@x.example']],
    ['<mailto:a@x.example>, <SMTP:b@y.example>', ['a@x.example', 'b@y.example']],
    ['<mail:a@x.example>', ['!mail:a@x.example']],
    ['a@x.example,;', ['a@x.example']],
    ['sales@..,;', ['!sales@..']],
    ['"kelly@x.example": a@x.example;', ['a@x.example']],
    ['<a@x.example> RCPT TO:<b@y.example>', ['a@x.example', 'b@y.example']],
    ['=?utf-8?q?a=40b=2Ec=2C?=<a@x.example>', ['a@x.example']],
    ['a@[192.0.2.1],b@[IPv6:2001:db8::1]', ['a@[192.0.2.1]', 'b@[ipv6:2001:db8::1]']],
    ['a@[x,b@y.example', ['!a@[x', 'b@y.example']],
    ['a@[x', ['!a@[x']],
    ['[x] Ann: <a@x.example>', ['a@x.example']],
  ])('reads %j', (value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each([
    '',
    ' \r\n ',
    '<>',
    '"Undisclosed-Recipient:;"@corp.example',
    '<"undisclosed recipients:"@corp.example>',
    '<Unlisted-Recipients:@corp.example;>',
    '< >',
    ';',
    ',',
    'undisclosed-recipients:;',
    'Undisclosed recipients:;',
    'chris',
    '<chris>',
    '=?utf-8?q?a=40evil.example?=',
    '""',
    '(a@x.example)',
    '<"|/home/lists/run -s list"> (uid 0)',
    '"x" <chris>',
    '"chris@x.example" "c"',
    '"chris@x.example" <chris>',
    '"a@b@x.example"',
    '"@x.example"',
    'Chris <chris at x.example>',
    '"kelly@x.example": ;',
  ])('finds nobody in %j', (value) => {
    expect(read(value)).toEqual([]);
  });

  it.each([
    ['comments, nested and escaped', '(c (d) \\) e) a@x.example (b@evil.example)', ['a@x.example']],
    ['a comment beside the joints', 'a(c)@(d)x(e).(f)example', ['a@x.example']],
    ['a comment beside a dot of the local part', 'a.(c)b@x.example', ['a.b@x.example']],
    ['a comment with blanks beside it', 'Ann (c) a@x.example', ['a@x.example']],
    ['a comment inside a word', 'a(c)b@x.example', ['!a?b@x.example']],
    ['blanks around the at sign and the dots of the domain', 'a @ x . example', ['a@x.example']],
    ['the same in brackets', '< a @ x . example >', ['a@x.example']],
    ['a blank inside a local part in brackets', '<a b@x.example>', ['!a?b@x.example']],
    ['folding inside a domain in brackets', '<a@x.example\r\n y>', ['!a@x.example?y']],
    ['blanks beside the dots of a local part', 'a . b@x.example', ['a.b@x.example']],
    ['a comment in brackets', '<(c) a@x.example (d)>', ['a@x.example']],
    ['a comment in an empty path', '<(c)>', []],
    ['a blank behind a comment', 'a(c) b@x.example', ['b@x.example']],
    ['a comment behind a blank', 'a (c)b@x.example', ['b@x.example']],
    ['a single quote at its end alone', "a@x.example'", ["!a@x.example'"]],
    ['a single quote at its beginning alone', "'a@x.example", ["'a@x.example"]],
    ['a name that ends with a dot', 'Ann B. <a@x.example>', ['a@x.example']],
  ])('reads %s', (_what, value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each([
    ['at the end', 'A <a@x.example', ['a@x.example']],
    ['before a comma', 'A <a@x.example, b@y.example', ['a@x.example', 'b@y.example']],
    ['before a semicolon', 'A <a@x.example; <b@y.example>', ['a@x.example', 'b@y.example']],
    ['in a route that is none', '<@a.example; b@x.example', ['!@a.example', 'b@x.example']],
    ['with a stray one further on', '<a@x.example,b@y.example>', ['a@x.example', 'b@y.example']],
    ['before a route', '<a@x.example,@b.example>', ['a@x.example', '!@b.example']],
    ['and one too many within', 'a>b@x.example', ['b@x.example']],
    ['and one too many before', '<<a@x.example>>', ['a@x.example']],
  ])('gets along with a missing angle bracket %s', (_where, value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each([
    ['a comment', 'a@x.example (c, b@y.example', ['a@x.example', 'b@y.example']],
    ['a comment with an escaped end', 'a@x.example (\\) <b@y.example>', ['b@y.example']],
    [
      'a comment in a name',
      'Ann (Sales <a@x.example>, B (c) <b@y.example>',
      ['a@x.example', 'b@y.example'],
    ],
    ['a comment within a word', 'a(b@x.example', ['!a?b@x.example']],
    ['a quoted string', '"Ann <a@x.example>, b@y.example', ['a@x.example', 'b@y.example']],
    ['a quoted string before an address', '"a@x.example', ['a@x.example']],
    ['a quoted string within a word', 'a"b@x.example', ['!a?b@x.example']],
    ['a quoted string after a whole one', '"A" a"b <a@x.example>', ['a@x.example']],
    ['all of them', '(("" "<a@x.example', ['a@x.example']],
  ])('loses nothing behind %s that nobody closed', (_what, value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each([
    ['<a@x.example> <b@y.example>', ['a@x.example', 'b@y.example']],
    ['A<a@x.example>B<b@y.example>', ['a@x.example', 'b@y.example']],
    ['A <a@x.example\r\n B <b@y.example>', ['!a@x.example?B', 'b@y.example']],
    ['A <a@x.example<b@y.example>', ['a@x.example', 'b@y.example']],
    ['a@x.example b@y.example', ['a@x.example', 'b@y.example']],
    ['a@x.example. b@y.example', ['a@x.example', 'b@y.example']],
    ['a@x.example\r\n\tb@y.example (c) c@z.example', ['a@x.example', 'b@y.example', 'c@z.example']],
    ['a@x.example: b@y.example', ['a@x.example', 'b@y.example']],
  ])('reads both where the comma was forgotten: %j', (value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each(['undisclosed-recipients@corp.example', '"x undisclosed-recipients:"@corp.example'])(
    'takes %j for an address',
    (value) => {
      expect(readAddresses(Buffer.from(value))).toMatchObject([{ kind: 'address' }]);
    },
  );

  it('drops source routes, and only these', () => {
    expect(read('<@a.example,@b.example:u@x.example>, v@x.example')).toEqual([
      'u@x.example',
      'v@x.example',
    ]);
    expect(read('<@a.example:u@x.example, v@x.example')).toEqual(['u@x.example', 'v@x.example']);
    expect(read('<"@a.example:u"@x.example>')).toEqual(['"@a.example:u"@x.example']);
    expect(read('< @a.example , (c)@b.example : u@x.example >')).toEqual([
      '!@a.example',
      'u@x.example',
    ]);
    expect(read('<@a.example, ,@b.example:u@x.example>')).toEqual(['u@x.example']);
    expect(read('<@a.example,u@x.example>')).toEqual(['!@a.example', 'u@x.example']);
    expect(read('@a.example:u@x.example')).toEqual(['u@x.example']);
    expect(read('<@a.example:mailto:u@x.example>')).toEqual(['u@x.example']);
  });

  it.each([
    ['"a@evil.example"@x.example', ['"a@evil.example"@x.example']],
    ['<"a@evil.example"@x.example>', ['"a@evil.example"@x.example']],
    ['"a"@x.example', ['a@x.example']],
    ['"a\\"b"@x.example, c@x.example', ['"a\\"b"@x.example', 'c@x.example']],
    ['"a\\\\"@x.example, c@x.example', ['"a\\\\"@x.example', 'c@x.example']],
    ['"john..doe"@x.example', ['"john..doe"@x.example']],
    ['"a\r\n b"@x.example', ['"a b"@x.example']],
    ['"Foo"bar <a@x.example>', ['a@x.example']],
    ['"Bob <a@x.example>, c@d.example', ['a@x.example', 'c@d.example']],
  ])('reads the quotes of %j', (value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each([
    ['"x"."chris"@x.example', 'x.chris@x.example'],
    ['x."chris"@x.example', 'x.chris@x.example'],
    ['"x".chris@x.example', 'x.chris@x.example'],
    ['"x" . "chris" @x.example', 'x.chris@x.example'],
    ['"x y".chris@x.example', '"x y.chris"@x.example'],
    ['"x".@x.example', '"x."@x.example'],
    ['."x"@x.example', '".x"@x.example'],
    ['"chris "@x.example', '"chris "@x.example'],
  ])('reads the words of %s together', (value, address) => {
    expect(read(value)).toEqual([address]);
  });

  it.each([
    'x"chris"@x.example',
    '"x"chris@x.example',
    '"x""chris"@x.example',
    '"x"(c)"chris"@x.example',
    'x."chris"y@x.example',
    '<"x" "chris"@x.example>',
    'chris@"x.example"',
    'chris@x."example"',
    'x\\@chris@x.example',
  ])('never takes a part of %s for the whole', (value) => {
    const found = read(value);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^!/);
  });

  it('reads what RFC 5322 allows as it was meant', () => {
    fc.assert(
      fc.property(addressList, ({ text, addresses }) => {
        expect(read(text)).toEqual(addresses);
      }),
      { numRuns: 1000 },
    );
  });

  it('shows the malformed in at most 100 printable ASCII characters', () => {
    const [entry] = readAddresses(Buffer.from(`${'ü\0 b'.repeat(99)}@${'x'.repeat(300)}`));
    expect(entry?.kind).toBe('malformed');
    expect(entry?.kind === 'malformed' && entry.text).toMatch(/^[!-~]{1,100}$/);
  });

  it('reads UTF-8, and refuses 8-bit octets that are none where they matter', () => {
    expect(read('Jürgen <a@x.example>, ü@x.example')).toEqual(['a@x.example', 'ü@x.example']);
    expect(
      read(Buffer.from('J\xfcrgen <a@x.example>, "J\xfc" <b@x.example>, \xfc@x.example', 'latin1')),
    ).toEqual(['a@x.example', 'b@x.example', '!?@x.example']);
  });

  it.each([
    'a\0b@x.example',
    'a\x01@x.example',
    '\x7fa@x.example',
    'a@x\x00.example',
    '"a\0b"@x.example',
    'a\u00a0b@x.example',
    '\u2003a@x.example',
    'a\\b@x.example',
  ])('never drops a character out of %j', (value) => {
    const found = read(value);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^!/);
  });

  it('takes longer local parts of senders', () => {
    const long = `${'a'.repeat(100)}@x.example`;
    expect(read(long)).toEqual([`!${long.slice(0, 100)}`]);
    const [entry] = readAddresses(Buffer.from(long), SENDER_LOCAL_OCTETS);
    expect(entry?.kind).toBe('address');
  });

  it('ends on any octets, with addresses that are safe to send', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '<',
        '>',
        '(',
        ')',
        '"',
        '\\',
        ',',
        ';',
        ':',
        '@',
        '.',
        ' ',
        '\r\n ',
        'a',
        'x.example',
        '\0',
        '\xff',
        '[',
        ']',
        'ü',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        for (const entry of readAddresses(Buffer.from(pieces.join(''), 'latin1'))) {
          const text = entry.kind === 'address' ? entry.address.text : entry.text;
          expect(text).not.toMatch(/\p{Cc}/u);
          if (entry.kind === 'address') expect(text).not.toMatch(/[<>]/);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('isNullPath', () => {
  it.each(['', ' \r\n ', '<>', ' < > ', '<(nobody)>', '(c)', '<'])('%j is one', (value) => {
    expect(isNullPath(Buffer.from(value))).toBe(true);
  });

  it.each(['<a@x.example>', 'a@x.example', '<MAILER-DAEMON>', 'unread', '<>, a@x.example', '""'])(
    '%j is none',
    (value) => {
      expect(isNullPath(Buffer.from(value))).toBe(false);
    },
  );
});
