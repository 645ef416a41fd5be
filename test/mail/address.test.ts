import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  asciiDomain,
  keyWithoutTag,
  parseAddress,
  SENDER_LOCAL_OCTETS,
} from '../../shared/mail/address.ts';
import { anyCharacter } from './any-character.ts';

describe('parseAddress', () => {
  it('gives local part as written, domain as lower-case A-labels, and a key without case', () => {
    expect(parseAddress('Chris.O@Corp.EXAMPLE.')).toEqual({
      text: 'Chris.O@corp.example',
      key: 'chris.o@corp.example',
      local: 'Chris.O',
      domain: 'corp.example',
    });
  });

  it.each([
    ['"user1"@x.example', 'user1@x.example'],
    ['"us\\er1"@x.example', 'user1@x.example'],
    ['"john..doe"@x.example', '"john..doe"@x.example'],
    ['john..doe@x.example', '"john..doe"@x.example'],
    ['.john@x.example', '".john"@x.example'],
    ['john.@x.example', '"john."@x.example'],
    ['"a b"@x.example', '"a b"@x.example'],
    ['"a@evil.example"@x.example', '"a@evil.example"@x.example'],
    ['"a"."b c"@x.example', '"a.b c"@x.example'],
    ['a."b"@x.example', 'a.b@x.example'],
    ['"a".@x.example', '"a."@x.example'],
    ['."a"@x.example', '".a"@x.example'],
    ['a@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.example', 'a@xn--mgba3gch31f060k.example'],
    ['a@stra\u00dfe.example', 'a@xn--strae-oqa.example'],
    ['"a\\"b\\\\c"@x.example', '"a\\"b\\\\c"@x.example'],
    ["!#$%&'*+/=?^_`{|}~-9@x.example", "!#$%&'*+/=?^_`{|}~-9@x.example"],
    ['ü@x.example', 'ü@x.example'],
    ['u\u0308@x.example', 'ü@x.example'],
    ['"a\u037eb"@x.example', '"a;b"@x.example'],
    ['a@münchen.example', 'a@xn--mnchen-3ya.example'],
    ['a@MÜNCHEN。example', 'a@xn--mnchen-3ya.example'],
    ['a@\uff11\uff12.example', 'a@12.example'],
    ['a@[192.0.2.1]', 'a@[192.0.2.1]'],
    ['a@[IPv6:2001:DB8::1]', 'a@[ipv6:2001:db8::1]'],
    ['a@localhost', 'a@localhost'],
    ['a@\u212aorp.example', 'a@korp.example'],
    ['a@a_b.example', 'a@a_b.example'],
  ])('%s is sent as %s', (text, sent) => {
    expect(parseAddress(text)?.text).toBe(sent);
  });

  it.each([
    ['no at sign', 'chris'],
    ['no local part', '@x.example'],
    ['an empty quoted local part', '""@x.example'],
    ['no domain', 'chris@'],
    ['an empty label', 'a@x..example'],
    ['two trailing dots', 'a@x.example..'],
    ['a leading dot', 'a@.x.example'],
    ['a label that begins with a hyphen', 'a@-x.example'],
    ['a label that ends with a hyphen', 'a@x-.example'],
    ['a second at sign', 'a@evil.example@x.example'],
    ['a blank', 'a b@x.example'],
    ['a blank in the domain', 'a@x .example'],
    ['a bracket', 'a<b@x.example'],
    ['a bracket in quotes, which ends the path for a careless server', '"a>b"@x.example'],
    ['an opening one too', '"a<b"@x.example'],
    ['CR LF', 'a\r\nRCPT TO:<b@x.example'],
    ['CR LF in quotes', '"a\r\nb"@x.example'],
    ['NUL', 'a\0b@x.example'],
    ['DEL', 'a\x7fb@x.example'],
    ['a tab in quotes', '"a\tb"@x.example'],
    ['a C1 control', 'a\u0085b@x.example'],
    ['a no-break space', 'a\u00a0b@x.example'],
    ['a line separator', 'a\u2028b@x.example'],
    ['a format character', 'a\u202eb@x.example'],
    ['the mark of the unreadable', 'a\ufffdb@x.example'],
    ['a lone surrogate', 'a\ud800b@x.example'],
    ['a quoted string that ends early', '"a"b@x.example'],
    ['a quoted string that never ends', '"ab@x.example'],
    ['a quoted string whose end is escaped', '"ab\\"@x.example'],
    ['a backslash outside quotes', 'a\\b@x.example'],
    ['a comma', 'a,b@x.example'],
    ['a colon', 'mailto:a@x.example'],
    ['a percent sign in the domain', 'a@x%2eexample'],
    ['a percent sign beside an 8-bit character', 'a@ü%2eexample'],
    ['a full-width percent sign', 'a@x％2eexample'],
    ['full-width digits, which a URL takes for an IP address', 'a@\uff11.\uff11'],
    ['a joiner where none is allowed', 'a@b\u200cc.example'],
    ['a joiner in the local part', 'a\u200cb@x.example'],
    ['a Greek question mark, which is a semicolon', 'a\u037eb@x.example'],
    ['a kelvin sign, which compares as a k', '\u212aelly@x.example'],
    ['an ångström sign', '\u212bse@x.example'],
    ['a zero-width space in the domain', 'a@b\u200bc.example'],
    ['a quoted string glued to an atom', '"a"b@x.example'],
    ['an atom glued to a quoted string', 'a"b"@x.example'],
    ['a soft hyphen alone', 'a@\u00ad'],
    ['an unclosed literal', 'a@[192.0.2.1'],
    ['an at sign in a literal', 'a@[x@evil.example]'],
    ['a literal with a bracket', 'a@[x>y]'],
    ['a literal behind a name', 'a@x[192.0.2.1]'],
    ['a name behind a literal', 'a@[192.0.2.1]x'],
  ])('refuses %s', (_what, text) => {
    expect(parseAddress(text)).toBeNull();
  });

  it('holds to 64 octets of local part, counted with the quotes it needs', () => {
    expect(parseAddress(`${'a'.repeat(64)}@x.example`)).not.toBeNull();
    expect(parseAddress(`${'a'.repeat(65)}@x.example`)).toBeNull();
    expect(parseAddress(`${'ü'.repeat(32)}@x.example`)).not.toBeNull();
    expect(parseAddress(`${'ü'.repeat(33)}@x.example`)).toBeNull();
    expect(parseAddress(`"${'a '.repeat(31)}"@x.example`)).not.toBeNull();
    expect(parseAddress(`"${'a '.repeat(31)}b"@x.example`)).toBeNull();
  });

  it('takes a longer one of a sender, up to 254 octets in all', () => {
    expect(parseAddress(`${'a'.repeat(244)}@x.example`, SENDER_LOCAL_OCTETS)).not.toBeNull();
    expect(parseAddress(`${'a'.repeat(245)}@x.example`, SENDER_LOCAL_OCTETS)).toBeNull();
  });

  it('holds to 63 octets a label and to a path of 254 octets', () => {
    const label = 'd'.repeat(63);
    expect(parseAddress(`a@${label}.example`)).not.toBeNull();
    expect(parseAddress(`a@${label}d.example`)).toBeNull();
    expect(parseAddress(`a@${label}.${label}.${label}.${'d'.repeat(60)}`)).not.toBeNull();
    expect(parseAddress(`a@${label}.${label}.${label}.${'d'.repeat(61)}`)).toBeNull();
  });

  it('reads nothing of text that no path could hold', () => {
    expect(parseAddress(`"${'\\a'.repeat(1000)}"@x.example`)).toBeNull();
  });

  it('gives nothing that could end a command, and what it gives it reads again as the same', () => {
    const text = fc
      .array(
        fc.oneof(
          fc.string({ unit: anyCharacter }),
          fc.constantFrom('@', '"', '\\', '.', 'a', 'x.example'),
        ),
      )
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.tuple(text, text).map(([a, b]) => `${a}@${b}`),
        ),
        (tried) => {
          const address = parseAddress(tried);
          if (address === null) return;
          expect(address.text).not.toMatch(/[\p{Cc}<>]/u);
          expect(address.domain).toMatch(/^[a-z0-9._:[\]-]+$/);
          expect(parseAddress(address.text)).toEqual(address);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('asciiDomain', () => {
  it.each([
    ['Corp.Example', 'corp.example'],
    ['corp.example.', 'corp.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['', null],
    ['.', null],
    ['a b', null],
    [`${'d'.repeat(62)}.`.repeat(4) + 'ddd', `${'d'.repeat(62)}.`.repeat(4) + 'ddd'],
    [`${'d'.repeat(62)}.`.repeat(4) + 'dddd', null],
  ])('%s', (text, domain) => {
    expect(asciiDomain(text)).toBe(domain);
  });
});

describe('keyWithoutTag', () => {
  it.each([
    ['c+news@corp.example', 'c@corp.example'],
    ['Chris+News@corp.example', 'chris@corp.example'],
    ['chris+a+b@corp.example', 'chris@corp.example'],
    ['chris@corp.example', null],
    ['+news@corp.example', null],
    ['"a b+c"@corp.example', null],
  ])('%s', (text, key) => {
    const address = parseAddress(text);
    if (address === null) throw new Error(`${text} is an address`);
    expect(keyWithoutTag(address)).toBe(key);
  });
});
