import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { dateTime } from '../../shared/mail/received.ts';
import { messageDate } from '../../shared/mail/message-date.ts';

const AT = Date.UTC(2026, 10, 3, 9, 5, 7);

function headerOf(...lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

describe('messageDate', () => {
  it('takes the topmost Received field, which the provider wrote, before Date', () => {
    const header = headerOf(
      'Received: from a.example by pop.provider.example (a; b)',
      '\twith ESMTP id 1; Tue, 3 Nov 2026 09:05:07 +0000 (UTC)',
      'Received: from x by y; Mon, 2 Nov 2026 09:05:07 +0000',
      'Date: Thu, 1 Jan 1970 00:00:00 +0000',
    );
    expect(messageDate(header)).toBe(AT);
  });

  it('takes Date where Received is not there, or says no time', () => {
    expect(messageDate(headerOf('Date: Tue, 3 Nov 2026 09:05:07 +0000'))).toBe(AT);
    const silent = headerOf('Received: from a by b', 'Date: Tue, 3 Nov 2026 09:05:07 +0000');
    expect(messageDate(silent)).toBe(AT);
  });

  it.each([
    'Tue, 3 Nov 2026 10:05:07 +0100',
    'Tue, 3 Nov 2026 10:05:07 +0100 (CET (or so))',
    '3 Nov 2026 04:05:07 EST',
    'Tue,3 Nov 26 09:05:07 GMT',
    'Tuesday, 03-Nov-26 09:05:07 UT',
    'tue, 3 november 2026 09:05:07 +0000',
    'Tue, 3 Nov 126 09 : 05 : 07 Z',
    'Tue, 3 Nov 2026 09:05:07',
    'Tue, 3 Nov 2026 09:05:07.250 +0000',
    'Tue, 3\r\n Nov 2026 09:05:07 +0000',
    'Tue 3  Nov  2026   9:05:07   +0000',
    'Tue , 3 Nov 2026 09:05:07 +0000',
    'Tue, 3 Nov 2026 04:05:07 -0500',
    'Tue, 3 Nov 2026 14:35:07 +0530',
    'Tue, 3 Nov 2026 05:35:07 -0330',
    'Tue, 3 Nov 2026 05:05:07 EDT',
    'Tue, 3 Nov 2026 04:05:07 CDT',
    'Tue, 3 Nov 2026 03:05:07 CST',
    'Tue, 3 Nov 2026 03:05:07 MDT',
    'Tue, 3 Nov 2026 02:05:07 MST',
    'Tue, 3 Nov 2026 02:05:07 PDT',
    'Tue, 3 Nov 2026 01:05:07 pst',
    'Tue (a \\) b), 3 (c (d) e) Nov 2026 09:05:07 +0000 (f) (g)',
  ])('reads %j', (date) => {
    expect(messageDate(headerOf(`Date: ${date}`))).toBe(AT);
  });

  it.each([
    '',
    'yesterday',
    'hello 1',
    '32 Nov 2026 09:05:07 +0000',
    '31 Nov 2026 09:05:07 +0000',
    '3 Foo 2026 09:05:07 +0000',
    '3 Nov 2026 24:05:07 +0000',
    '3 Nov 2026 09:60:07 +0000',
    '3 Nov 2026 09:05:61 +0000',
    '! 3 Nov 2026 09:05:07 +0000',
    '29 Feb 2026 09:05:07 +0000',
    '3 Nov 2026 09:05:07 +0000 )',
    '\\3 Nov 2026 09:05:07 +0000',
    '3 Nov 2026 09:05:07 +00000',
    '3 Nov 2026 09:05:07 x+0000',
    '2026-11-03T09:05:07Z',
    '3 Nov 2026',
    'Tue, 3 Nov 2026 09:05:07 +0000 and more',
    '(Tue, 3 Nov 2026 09:05:07 +0000',
  ])('says that it cannot read %j', (date) => {
    expect(messageDate(headerOf(`Date: ${date}`))).toBeNull();
  });

  it.each([
    ['28 Feb 49 23:59:60 +0000', Date.UTC(2049, 2, 1)],
    ['28 Feb 50 00:00:00 +0000', Date.UTC(1950, 1, 28)],
    ['29 Feb 2024 00:00:00 +0000', Date.UTC(2024, 1, 29)],
  ])('reads %j', (date, at) => {
    expect(messageDate(headerOf(`Date: ${date}`))).toBe(at);
  });

  it('reads back every time that we write', () => {
    const time = fc.integer({ min: 0, max: Date.UTC(2100, 0) / 1000 }).map((s) => s * 1000);
    fc.assert(
      fc.property(time, (at) => {
        expect(messageDate(headerOf(`Date: ${dateTime(at)}`))).toBe(at);
      }),
    );
  });

  it('takes any octets, and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
        const at = messageDate(Buffer.concat([Buffer.from('Received: ;'), octets]));
        expect(at === null || Number.isFinite(at)).toBe(true);
      }),
    );
  });
});
