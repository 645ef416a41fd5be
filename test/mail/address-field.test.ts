import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readAddresses } from '../../shared/mail/address-field.ts';
import { SENDER_LOCAL_OCTETS } from '../../shared/mail/address.ts';

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
  ])('reads %j', (value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each([
    '',
    ' \r\n ',
    '<>',
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
    '(a@x.example',
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
    [
      'a comment that swallows what comes behind it',
      'a@x.example (\\) <b@x.example>',
      ['a@x.example'],
    ],
  ])('reads %s', (_what, value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it.each([
    ['at the end', 'A <a@x.example', ['a@x.example']],
    ['before a comma', 'A <a@x.example, b@y.example', ['a@x.example', 'b@y.example']],
    ['before a semicolon', 'A <a@x.example; <b@y.example>', ['a@x.example', 'b@y.example']],
    ['in a route that is none', '<@a.example; b@x.example', ['!@a.example', 'b@x.example']],
    ['with a stray one further on', '<a@x.example,b@y.example>', ['a@x.example', 'b@y.example']],
    ['and one too many before', '<<a@x.example>>', ['a@x.example']],
  ])('gets along with a missing angle bracket %s', (_where, value, addresses) => {
    expect(read(value)).toEqual(addresses);
  });

  it('drops source routes, and only these', () => {
    expect(read('<@a.example,@b.example:u@x.example>, v@x.example')).toEqual([
      'u@x.example',
      'v@x.example',
    ]);
    expect(read('<@a.example:u@x.example, v@x.example')).toEqual(['u@x.example', 'v@x.example']);
    expect(read('<"@a.example:u"@x.example>')).toEqual(['"@a.example:u"@x.example']);
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
    '"x"."chris"@x.example',
    'x."chris"@x.example',
    '"x".chris@x.example',
    'x"chris"@x.example',
    '"x""chris"@x.example',
    '"x"(c)"chris"@x.example',
  ])('never takes a part of %s for the whole', (value) => {
    for (const found of read(value)) expect(found).toMatch(/^!/);
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
    ['<@a,', 1],
    ['\\"', 0],
    ['a\0', 0],
  ])('comes to an end with a quarter of a megabyte of %j', (unit, entries) => {
    expect(readAddresses(Buffer.alloc(1 << 18, unit))).toHaveLength(entries);
  });
});
