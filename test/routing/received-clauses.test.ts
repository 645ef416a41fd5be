import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { receivedClauses } from '../../shared/routing/received-clauses.ts';
import { anyCharacter } from '../mail/any-character.ts';

const read = (text: string) => receivedClauses(Buffer.from(text, 'latin1'));
const DATE = 'Mon, 23 Nov 2026 09:00:00 +0000';

/** As servers write them. */
const fields: Readonly<Record<string, readonly [string, string | null, readonly string[]]>> = {
  Postfix: [
    ` from mx.nwtraders.example (mx.nwtraders.example [192.0.2.7])\r\n\t(using TLSv1.3 with cipher X)\r\n\tby mail.provider.example (Postfix) with ESMTPS id 4Xabc\r\n\tfor <chris@corp.example>; ${DATE}`,
    'mail.provider.example',
    ['<chris@corp.example>'],
  ],
  'Postfix, several recipients': [
    ` from a by mail.provider.example (Postfix) with ESMTP id 4Xabc; ${DATE}`,
    'mail.provider.example',
    [],
  ],
  Exim: [
    ` from [192.0.2.7] (helo=mx)\n\tby host.provider.example with esmtps (TLS1.3) tls TLS_AES (Exim 4.96)\n\t(envelope-from <ann@nwtraders.example>)\n\tid 1r-abc-0\n\tfor chris@corp.example; ${DATE}`,
    'host.provider.example',
    ['chris@corp.example'],
  ],
  GMX: [
    ` from [192.0.2.7] ([192.0.2.7]) by mx-ha.gmx.net (mxgmx115) with ESMTPS (Nemesis) id 1M for <chris@corp.example>; ${DATE}`,
    'mx-ha.gmx.net',
    ['<chris@corp.example>'],
  ],
  Gmail: [
    ` by 2002:a05:6402:e83:b0:1 with SMTP id h3csp1;\n ${DATE}`,
    '2002:a05:6402:e83:b0:1',
    [],
  ],
  'Gmail for one': [
    ` from x by mx.google.com with ESMTPS id a1 for <chris@corp.example> (version=TLS1_3 bits=256/256); ${DATE}`,
    'mx.google.com',
    ['<chris@corp.example>'],
  ],
  qmail: [` (qmail 1234 invoked by uid 0 for <x@corp.example>); ${DATE}`, null, []],
  Exchange: [
    ` from A.example (192.0.2.1) by B.example (192.0.2.2) with Microsoft SMTP Server (version=TLS1_2) id 15.20.1 via Frontend Transport; ${DATE}`,
    'B.example',
    [],
  ],
};

/** As somebody writes them who wants to be read wrongly, or cannot do better. */
const tricks: typeof fields = {
  'for before by': [' from x for <evil@corp.example> by mx.example; d', 'mx.example', []],
  'for in a comment': [
    ' from x (for <evil@corp.example>) by mx.example (for (a) <b@c>); d',
    'mx.example',
    [],
  ],
  'for in a quoted string': [
    ' from "x by evil.example for <evil@corp.example>" by mx.example; d',
    'mx.example',
    [],
  ],
  'for behind the last semicolon': [
    ' by mx.example id 1; for <evil@corp.example>',
    'mx.example',
    [],
  ],
  'for between semicolons': [' by mx.example; x for <a@b>; d', 'mx.example', ['<a@b>']],
  'a semicolon in a comment': [' by mx.example (a; b) for <a@b>', 'mx.example', ['<a@b>']],
  'an escaped bracket in a comment': [
    ' by mx.example (a \\) for <x@y>) for <a@b>; d',
    'mx.example',
    ['<a@b>'],
  ],
  'a comment that never ends': [' by mx.example (for <a@b>; d', 'mx.example', []],
  'a comment that never ends behind the date': [
    ' by mx.example for <a@b>; Mon, 23 Nov (CET',
    'mx.example',
    ['<a@b>'],
  ],
  'a comment that never ends right behind the address': [
    ' by mx.example for <a@b>(; d',
    'mx.example',
    [],
  ],
  'a comment that never ends at the end of a field without a date': [
    ' by mx.example for <a@b> (x',
    'mx.example',
    [],
  ],
  'a bare address before one in brackets': [
    ' by mx.example for a@b tls <c@d>; d',
    'mx.example',
    ['a@b', '<c@d>'],
  ],
  'a client with an opening quote at its end': [
    ' from a"by mx.example for <a@b>; d',
    'mx.example',
    [],
  ],
  'two opening quotes, one of them escaped': [
    ' from a" b\\" by mx.example for <a@b>; d',
    'mx.example',
    [],
  ],
  'a quoted string that never ends': [' by mx.example id "for <a@b>; d', 'mx.example', []],
  'two clauses': [' by mx.example for <a@b> for <c@d>; d', 'mx.example', ['<a@b>', '<c@d>']],
  'two addresses in one clause': [
    ' by mx.example for <a@b> <c@d>; d',
    'mx.example',
    ['<a@b>', '<c@d>'],
  ],
  'words behind the address': [' by mx.example for <a@b> tls TLS_AES; d', 'mx.example', ['<a@b>']],
  'a host that calls itself by': [
    ' from by (x [192.0.2.1]) by mx.example for <a@b>; d',
    'mx.example',
    ['<a@b>'],
  ],
  'a host that calls itself for': [
    ' from for by mx.example with for id for for <a@b>; d',
    'mx.example',
    ['<a@b>'],
  ],
  'a sender known by a comment alone': [
    ' from (x [192.0.2.1]) by mx.example for <a@b>',
    'mx.example',
    ['<a@b>'],
  ],
  'a second by': [' by mx.example by evil.example for <a@b>', 'mx.example', ['<a@b>']],
  'a quoted local part': [' by mx.example for <"john doe"@b>; d', 'mx.example', ['<"john doe"@b>']],
  'upper case': [' FROM x BY MX.example FOR <a@b>; d', 'MX.example', ['<a@b>']],
  'an address folded within its brackets': [
    ' by mx.example for <a\r\n @b>\r\n ; d',
    'mx.example',
    ['<a @b>'],
  ],
  'blanks within the brackets': [' by mx.example for < a@b >; d', 'mx.example', ['< a@b >']],
  'a comment within the brackets': [' by mx.example for <a(x)@b>; d', 'mx.example', ['<a @b>']],
  'a bracket that is not closed': [' by mx.example for <a@b with X; d', 'mx.example', ['<a@b']],
  'words in brackets': [
    ' by mx.example for <several of them>; d',
    'mx.example',
    ['<several of them>'],
  ],
  'two addresses, the first with blanks': [
    ' by mx.example for < a@b > <c@d>; d',
    'mx.example',
    ['< a@b >', '<c@d>'],
  ],
  // What a client calls itself stands in front of everything: it shall not hide the host that wrote the line.
  'a client with an opening bracket in its name': [
    ' from x( (by evil.example [192.0.2.1]) by mx.example for <a@b>; d',
    'mx.example',
    [],
  ],
  'a client with an opening quote in its name': [
    ' from x" ([192.0.2.1]) by mx.example for <a@b>; d',
    'mx.example',
    [],
  ],
  'a client with a closing bracket in its name': [
    ' from x) ([192.0.2.1]) by mx.example for <a@b>; d',
    'mx.example',
    ['<a@b>'],
  ],
  'DEL between words': [' by mx.example\x7ffor <a@b>; d', 'mx.example', ['<a@b>']],
  'a client that calls itself via': [
    ' from via by mx.example for <a@b>; d',
    'mx.example',
    ['<a@b>'],
  ],
  'a word glued to a comment': [
    ' by mx.example(for <x@y>)for <a@b>(x); d',
    'mx.example',
    ['<a@b>'],
  ],
  'a quoted string with an escaped quote': [
    ' by mx.example id "x\\" for <x@y> " for <a@b>; d',
    'mx.example',
    ['<a@b>'],
  ],
  'an escaped bracket outside a comment': [
    ' from \\(by evil.example) by mx.example for <a@b>; d',
    'mx.example',
    ['<a@b>'],
  ],
  'nothing behind for': [' by mx.example for; d', 'mx.example', []],
  'nothing behind by': [' from x by', null, []],
  nothing: ['', null, []],
};

describe('receivedClauses', () => {
  it.each(Object.entries({ ...fields, ...tricks }))('%s', (_name, [text, by, recipients]) => {
    expect(read(text)).toEqual({ by, recipients });
  });

  it('reads no field of more than 16 KiB', () => {
    const field = (length: number) => ' by mx.example for <a@b>'.padEnd(length);
    expect(read(field(16 * 1024)).by).toBe('mx.example');
    expect(read(field(16 * 1024 + 1))).toEqual({ by: null, recipients: [] });
  });

  it('ends with an answer for any octets, and no recipient without a host', () => {
    const piece = fc.constantFrom(
      'from ',
      'by ',
      'for ',
      '(',
      ')',
      '"',
      '\\',
      ';',
      '<a@b>',
      ' ',
      'x',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ unit: anyCharacter }))), (pieces) => {
        const { by, recipients } = read(pieces.join(''));
        if (by === null) expect(recipients).toEqual([]);
        for (const recipient of recipients) expect(recipient).not.toBe('');
      }),
    );
  });
});
