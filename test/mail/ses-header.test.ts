import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { readAddresses } from '../../shared/mail/address-field.ts';
import { decodedText } from '../../shared/mail/decoded-text.ts';
import { fieldValue, headerFields, splitHeader } from '../../shared/mail/header-block.ts';
import { standsOnce } from '../../shared/mail/ses-fields.ts';
import { sesHeader } from '../../shared/mail/ses-header.ts';
import { headerLike } from './header-like.ts';
import { anyCharacter } from './any-character.ts';

const IDENTITY = 'connector@corp.example';

/** Fields with LF between them, rewritten; as `[name, value]`, unfolded. */
function rewritten(lines: readonly string[], mailFrom = 'ann@nwtraders.example') {
  const header = Buffer.from([...lines, '', ''].join('\r\n'), 'latin1');
  return fieldsOf(sesHeader(header, IDENTITY, mailFrom).header);
}

function fieldsOf(header: Buffer): (readonly [string, string])[] {
  return [...headerFields(header)].map((field) => [
    field.name,
    fieldValue(header, field).toString('latin1').replaceAll('\r\n', '').trim(),
  ]);
}

function valuesOf(fields: readonly (readonly [string, string])[], name: string): string[] {
  return fields.filter(([one]) => one === name).map(([, value]) => value);
}

const shownFrom = (from: string): string => {
  const fields = rewritten([`From: ${from}`]);
  return decodedText(Buffer.from(valuesOf(fields, 'From')[0] ?? '', 'latin1'));
};

describe('From', () => {
  test.each([
    ['Ann Smith <ann@nwtraders.example>', `"Ann Smith at nwtraders.example" <${IDENTITY}>`],
    [
      '"Smith, \\"Ann\\"" <ann@nwtraders.example>',
      `"Smith, \\"Ann\\" at nwtraders.example" <${IDENTITY}>`,
    ],
    ['ann@nwtraders.example', `"ann at nwtraders.example" <${IDENTITY}>`],
    ['=?UTF-8?B?SsO8cmdlbg==?= <j@x.example>', `J\u00fcrgen at x.example <${IDENTITY}>`],
    ['j@b\u00fccher.example', `"Unknown sender" <${IDENTITY}>`],
    ['"boss@corp.example" <eve@x.example>', `"eve at x.example" <${IDENTITY}>`],
    ['a@x.example, b@y.example', `"a at x.example and others" <${IDENTITY}>`],
    ['Sales: a@x.example, b@y.example;', `"a at x.example and others" <${IDENTITY}>`],
    ['nobody at all', `"Unknown sender" <${IDENTITY}>`],
    ['', `"Unknown sender" <${IDENTITY}>`],
  ])('%j becomes %j', (from, expected) => {
    expect(shownFrom(from)).toBe(expected);
  });

  test('the original stays readable, and answers go to it', () => {
    const fields = rewritten(['From: "Smith, Ann"', '\t<ann@nwtraders.example>']);
    expect(valuesOf(fields, 'X-Original-From')).toEqual(['"Smith, Ann"\t<ann@nwtraders.example>']);
    expect(valuesOf(fields, 'Reply-To')).toEqual(['"Smith, Ann" <ann@nwtraders.example>']);
  });

  test('that is the identity already stays as it is, and needs no Reply-To', () => {
    const fields = rewritten(['From: The Desk <Connector@corp.example>']);
    expect(valuesOf(fields, 'From')).toEqual(['The Desk <Connector@corp.example>']);
    expect(valuesOf(fields, 'Reply-To')).toEqual([]);
    expect(valuesOf(fields, 'X-Original-From')).toEqual([]);
  });

  test('that is the identity already keeps the Reply-To that it has', () => {
    const fields = rewritten([`From: ${IDENTITY}`, 'Reply-To: desk@x.example']);
    expect(valuesOf(fields, 'From')).toEqual([IDENTITY]);
    expect(valuesOf(fields, 'Reply-To')).toEqual(['desk@x.example']);
    const header = Buffer.from(`Reply-To: desk at x\r\nFrom: ${IDENTITY}\r\n\r\n`);
    expect(sesHeader(header, IDENTITY, '').renamed).toEqual(['Reply-To']);
  });

  test.each([
    [[`From: ${IDENTITY}, ann@x.example`]],
    [[`From: ann@x.example, ${IDENTITY}`]],
    [[`From: ${IDENTITY}`, `From: ${IDENTITY}`]],
    [[`From: ${IDENTITY}`, 'From: nobody at all']],
  ])('that is the identity among others is rewritten: %j', (lines) => {
    const fields = rewritten(lines);
    expect(valuesOf(fields, 'From')).toHaveLength(1);
    expect(valuesOf(fields, 'X-Original-From')).toHaveLength(lines.length);
  });

  test('of many, answers go to the first twenty; to none with other letters before the @', () => {
    const many = Array.from({ length: 25 }, (_, at) => `a${at}@x.example`);
    const fields = rewritten([`From: ${many.join(', ')}`]);
    expect(valuesOf(fields, 'Reply-To')).toEqual([many.slice(0, 20).join(', ')]);
    const utf8 = Buffer.from('j\u00fcrgen@x.example, Ann <ann@x.example>').toString('latin1');
    expect(valuesOf(rewritten([`From: ${utf8}`]), 'Reply-To')).toEqual(['"Ann" <ann@x.example>']);
  });

  test('two who sent it are answered both', () => {
    const fields = rewritten(['From: Ann <ann@x.example>, "Bob" <bob@y.example>']);
    expect(valuesOf(fields, 'Reply-To')).toEqual(['"Ann" <ann@x.example>, "Bob" <bob@y.example>']);
  });

  test('a name of 100 characters stays whole, a longer one is cut to 100', () => {
    expect(shownFrom(`"${'n'.repeat(100)}" <a@x.example>`)).toBe(
      `"${'n'.repeat(100)} at x.example" <${IDENTITY}>`,
    );
    expect(shownFrom(`"${'n'.repeat(101)}" <a@x.example>`)).toBe(
      `"${'n'.repeat(100)}\u2026 at x.example" <${IDENTITY}>`.replaceAll('"', ''),
    );
  });

  test('a local part in quotes is folded at one blank, however many it has', () => {
    expect(shownFrom('"a  b"@x.example')).toBe(`"\\"a b\\" at x.example" <${IDENTITY}>`);
  });

  test('none at all: one is made, and nobody can answer', () => {
    const fields = rewritten(['Subject: x']);
    expect(valuesOf(fields, 'From')).toEqual([`"Unknown sender" <${IDENTITY}>`]);
    expect(valuesOf(fields, 'Reply-To')).toEqual([]);
  });

  test('a long name is cut, and folded between its words', () => {
    const header = Buffer.from(`From: "${'\u00fc\u{1f4ee} '.repeat(300)}" <a@x.example>\r\n\r\n`);
    const out = sesHeader(header, IDENTITY, '').header.toString('latin1');
    const from = /^From:[^]*?\r\n(?=\S)/.exec(out)?.[0] ?? '';
    expect(Math.max(...from.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(78);
    expect(decodedText(Buffer.from(from.slice(5)))).toMatch(/\u2026 at x\.example <connector@/);
  });

  test('an encoded word that would be a line end or an address stays words', () => {
    const evil = Buffer.from('x\r\nBcc: eve@x.example').toString('base64');
    const fields = rewritten([`From: =?UTF-8?B?${evil}?= <a@x.example>`]);
    expect(valuesOf(fields, 'Bcc')).toEqual([]);
    expect(valuesOf(fields, 'From')).toEqual([`"a at x.example" <${IDENTITY}>`]);
  });
});

describe('Reply-To', () => {
  test('that can be read stays, octet for octet', () => {
    const fields = rewritten(['From: a@x.example', 'Reply-To: Desk <desk@x.example>,b@y.example']);
    expect(valuesOf(fields, 'Reply-To')).toEqual(['Desk <desk@x.example>,b@y.example']);
  });

  test.each(['desk at x', '<>', '', 'a b@x.example', 'j\u00fcrgen@x.example', 'nobody:;'])(
    '%j gives way to From',
    (value) => {
      const fields = rewritten(['From: a@x.example', `Reply-To: ${value}`]);
      expect(valuesOf(fields, 'Reply-To')).toEqual(['a@x.example']);
      expect(valuesOf(fields, 'X-Original-Reply-To')).toEqual([value]);
    },
  );

  test('of two the first that can be read', () => {
    const fields = rewritten(['Reply-To: bad', 'Reply-To: b@x.example', 'Reply-To: c@x.example']);
    expect(valuesOf(fields, 'Reply-To')).toEqual(['b@x.example']);
    expect(valuesOf(fields, 'X-Original-Reply-To')).toEqual(['bad', 'c@x.example']);
  });
});

describe('what SES replaces, refuses or would take amiss', () => {
  test('Message-ID and Date stand beside what SES makes of them', () => {
    const fields = rewritten(['Message-ID: <1@x>', 'Date: Mon, 1 Jun 2026 10:00:00 +0200']);
    expect(valuesOf(fields, 'X-Original-Message-ID')).toEqual(['<1@x>']);
    expect(valuesOf(fields, 'X-Original-Date')).toEqual(['Mon, 1 Jun 2026 10:00:00 +0200']);
    expect(valuesOf(fields, 'Message-ID')).toEqual(['<1@x>']);
  });

  test.each([
    ['ann@nwtraders.example', '<ann@nwtraders.example>'],
    ['', '<>'],
  ])('MAIL FROM %j stands as X-Original-Return-Path', (mailFrom, expected) => {
    expect(valuesOf(rewritten(['A: b'], mailFrom), 'X-Original-Return-Path')).toEqual([expected]);
  });

  test('octets in it that are no ASCII are not shown', () => {
    const fields = rewritten(['A: b'], 'j\u00fcrgen@x.example');
    expect(valuesOf(fields, 'X-Original-Return-Path')).toEqual(['<j?rgen@x.example>']);
  });

  test('a Return-Path of the message is put aside as well', () => {
    const fields = rewritten(['Return-Path: <eve@x.example>']);
    expect(valuesOf(fields, 'Return-Path')).toEqual([]);
    expect(valuesOf(fields, 'X-Original-Return-Path')).toEqual([
      '<ann@nwtraders.example>',
      '<eve@x.example>',
    ]);
  });

  test('what is put aside is told by its names as written, each once', () => {
    const lines = [
      'DKIM-Signature: 1',
      'X: y',
      'DKIM-Signature: 2',
      'Cc: bad',
      'To: chris@corp.example',
    ];
    const header = Buffer.from([...lines, '', ''].join('\r\n'));
    expect(sesHeader(header, IDENTITY, '').renamed).toEqual(['DKIM-Signature', 'Cc']);
  });

  test('sender and signatures are put aside, every one', () => {
    const names = ['Sender', 'DKIM-Signature', 'DomainKey-Signature'];
    const fields = rewritten(names.flatMap((name) => [`${name}: 1`, `${name.toUpperCase()}: 2`]));
    for (const name of names) {
      const found = fields.filter(
        ([one]) => one.toLowerCase() === `x-original-${name.toLowerCase()}`,
      );
      expect(found.map(([, value]) => value)).toEqual(['1', '2']);
      expect(fields.some(([one]) => one.toLowerCase() === name.toLowerCase())).toBe(false);
    }
  });

  test.each([
    ...[
      'Delivered-To',
      'List-Unsubscribe',
      'Content-Type',
      'MIME-Version',
      'References',
      'Subject',
    ],
    ...['Thread-Index', 'Original-Recipient', 'Disposition-Notification-To', 'Precedence', 'To'],
  ])('of two %s fields the first stays', (name) => {
    const fields = rewritten([`${name}: <a@x.example>`, `${name.toLowerCase()}: <b@x.example>`]);
    expect(valuesOf(fields, name)).toEqual(['<a@x.example>']);
    expect(valuesOf(fields, `X-Original-${name.toLowerCase()}`)).toEqual(['<b@x.example>']);
  });

  test('fields that may stand often do', () => {
    const fields = rewritten(['Received: a', 'Received: b', 'X-Spam: 1', 'X-Spam: 2']);
    expect(valuesOf(fields, 'Received')).toEqual(['a', 'b']);
    expect(valuesOf(fields, 'X-Spam')).toEqual(['1', '2']);
  });

  test.each([
    ['chris@corp.example, Kelly <kelly@corp.example>', true],
    ['undisclosed-recipients:;', true],
    ['Team: a@x.example, b@x.example;', true],
    ['undisclosed recipients', false],
    ['<>', false],
    ['', false],
    ['chris@corp.example kelly@corp.example', false],
    ['j\u00fcrgen@corp.example', false],
    ['chris@', false],
    ['chris@corp.example, kelly@', false],
    ['nobody : ;', true],
    ['a:; b:;', false],
    ['a:; b', false],
    [Buffer.from('j\u00fcrgen@corp.example').toString('latin1'), false],
    [`${'a@x.example, '.repeat(6000)}b@x.example`, false],
    [`team:${' '.repeat(70_000)};`, false],
  ])('To: %s: kept %s', (value, kept) => {
    for (const name of ['To', 'Cc', 'Bcc']) {
      const [found] = valuesOf(
        rewritten([`${name}: ${value}`]),
        kept ? name : `X-Original-${name}`,
      );
      expect(found?.replaceAll(/\s+/g, ' ')).toBe(value.replaceAll(/\s+/g, ' '));
    }
  });

  test('lines that are no field become one', () => {
    const fields = rewritten([
      'From ann@x Mon Jun  1',
      '>From b',
      'A: 1',
      'no field',
      ': nothing',
      'B: 2',
      '  ',
      'the  end ',
    ]);
    expect(valuesOf(fields, 'X-Original-Line')).toEqual([
      'From ann@x Mon Jun 1',
      '>From b',
      'no field',
      ': nothing',
      'the end',
    ]);
    expect([valuesOf(fields, 'A'), valuesOf(fields, 'B')]).toEqual([['1'], ['2']]);
  });

  test('a long line is folded at its blanks, and one without blanks is left', () => {
    const header = Buffer.from(
      `Subject: ${'word '.repeat(500)}end\r\nX: ${'x'.repeat(2000)}\r\n\r\n`,
    );
    const lines = sesHeader(header, IDENTITY, '').header.toString().split('\r\n');
    const long = lines.filter((line) => line.length > 998);
    expect(long).toEqual([`X: ${'x'.repeat(2000)}`]);
    const subject = lines
      .slice(
        lines.findIndex((line) => line.startsWith('Subject:')),
        -3,
      )
      .join('');
    expect(subject).toBe(`Subject: ${'word '.repeat(500)}end`);
  });

  test.each([
    [`Subject: ${'a'.repeat(985)} ${'b'.repeat(3)}`, 1],
    [`Subject: ${'a'.repeat(985)} ${'b'.repeat(4)}`, 2],
    [`Subject: ${'a'.repeat(988)}   `, 1],
    [`X-Long: ${'x'.repeat(2000)}`, 1],
    [`X-Long: a\r\n    ${'x'.repeat(2000)}`, 2],
    [`X-Long: a ${'x'.repeat(2000)} `, 2],
  ])(
    'a line of 998 octets is left, one of 999 folded where words are on both sides (%#)',
    (field, count) => {
      const out = sesHeader(Buffer.from(`${field}\r\n\r\n`), IDENTITY, '').header.toString();
      const lines = out.slice(out.indexOf(`\n${field.slice(0, 7)}`) + 1, -4).split('\r\n');
      expect(lines).toHaveLength(count);
      expect(lines.join('')).toBe(field.replaceAll('\r\n', '').trimEnd());
    },
  );

  test('blank continuation lines and blanks before a colon go, line ends become CRLF', () => {
    const header = Buffer.from('Subject : one\n \n two\nX: y\n\n');
    const out = sesHeader(header, IDENTITY, '').header.toString();
    expect(out).toContain('\r\nSubject: one\r\n two\r\nX: y\r\n\r\n');
    expect(out.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  });
});

test('whatever the header, SES finds nothing twice, one line end, and the identity alone as sender', () => {
  fc.assert(
    fc.property(headerLike, fc.string({ unit: anyCharacter, maxLength: 30 }), (text, mailFrom) => {
      const given = splitHeader(text, true)?.header ?? Buffer.alloc(0);
      const { header } = sesHeader(given, IDENTITY, mailFrom);
      expect(splitHeader(header, false)?.header.length).toBe(header.length);
      expect(header.toString('latin1').replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
      const fields = [...headerFields(header)];
      const names = fields.map(({ name }) => name.toLowerCase());
      const single = names.filter((name) => standsOnce(name));
      expect(single).toEqual([...new Set(single)]);
      // Every octet before the empty line belongs to a field.
      const covered = fields.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(covered).toBe(header.length - 2);
      const from = fields.filter((_, at) => names[at] === 'from');
      const addresses = from.flatMap((field) => readAddresses(fieldValue(header, field)));
      expect(addresses).toMatchObject([{ kind: 'address', address: { key: IDENTITY } }]);
    }),
  );
});
