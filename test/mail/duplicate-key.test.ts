import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { duplicateKey } from '../../shared/mail/duplicate-key.ts';

const BODY = 'cd'.repeat(32);
const key = (header: string, body = BODY) => duplicateKey(Buffer.from(header, 'latin1'), body);

const mail = (
  changes: Partial<Record<'id' | 'from' | 'to' | 'cc' | 'subject' | 'date', string>> = {},
) => {
  const fields = {
    id: '<1@nwtraders.example>',
    from: 'ann@nwtraders.example',
    to: 'chris@corp.example',
    cc: 'kelly@corp.example',
    subject: 'hello there',
    date: 'Mon, 23 Nov 2026 09:00:00 +0000',
    ...changes,
  };
  return (
    `Message-ID: ${fields.id}\r\nFrom: ${fields.from}\r\nTo: ${fields.to}\r\n` +
    `Cc: ${fields.cc}\r\nSubject: ${fields.subject}\r\nDate: ${fields.date}\r\n`
  );
};

describe('duplicateKey', () => {
  it('is 64 hex digits and holds nothing of the mail', () => {
    expect(key(mail())).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['trace fields on top', `Return-Path: <x@y>\r\nReceived: a\r\nDelivered-To: b\r\n${mail()}`],
    ['a spam score', `${mail()}X-Spam-Score: 3\r\n`],
    ['LF for CRLF', mail().replaceAll('\r\n', '\n')],
    ['other case of names', mail().replace('Subject', 'SUBJECT')],
    ['other folding', mail({ subject: ' hello\r\n\t there ' })],
    ['the empty line behind it', `${mail()}\r\n`],
    ['another order of different fields', mail().trimEnd().split('\r\n').reverse().join('\r\n')],
  ])('is the same with %s', (_what, header) => {
    expect(key(header)).toBe(key(mail()));
  });

  it.each([
    ['another Message-ID', mail({ id: '<2@nwtraders.example>' })],
    ['another From', mail({ from: 'bob@nwtraders.example' })],
    ['another To', mail({ to: 'pat@corp.example' })],
    ['another Cc', mail({ cc: '' })],
    ['another Subject', mail({ subject: 'hello' })],
    ['blanks taken out of the Subject', mail({ subject: 'hellothere' })],
    ['another Date', mail({ date: 'Mon, 23 Nov 2026 09:00:01 +0000' })],
    ['To and Cc exchanged', mail({ to: 'kelly@corp.example', cc: 'chris@corp.example' })],
    ['a Resent-Message-ID', `Resent-Message-ID: <r@corp.example>\r\n${mail()}`],
    ['a second To', `${mail()}To: \r\n`],
    ['a second Message-ID', `${mail()}Message-ID: <2@nwtraders.example>\r\n`],
    [
      'fields running into each other',
      mail({ to: '', cc: 'chris@corp.examplekelly@corp.example' }),
    ],
  ])('differs with %s', (_what, header) => {
    expect(key(header)).not.toBe(key(mail()));
  });

  it('differs with another body, for whoever takes an ID before its owner must not stop him', () => {
    expect(key(mail(), 'ce'.repeat(32))).not.toBe(key(mail()));
  });

  it('goes by the rest where there is no Message-ID, or an empty one', () => {
    const without = mail().replace(/^Message-ID.*\r\n/, '');
    expect(key(`X-Trace: 1\r\n${without}`)).toBe(key(without));
    expect(key(mail({ id: '<>' }))).toBe(key(without));
    expect(key(mail({ id: ' ' }))).toBe(key(without));
    expect(key(without)).not.toBe(key(mail()));
  });

  it('goes by the Message-ID where there is no Date', () => {
    const undated = mail().replace(/Date:.*\r\n/, '');
    expect(key(`X-Trace: 1\r\n${undated}`)).toBe(key(undated));
  });

  it('with neither Message-ID nor Date only the very same header is the same mail', () => {
    const alarm = 'From: printer@corp.example\r\nTo: chris@corp.example\r\nSubject: toner\r\n';
    const first = `Received: by x; Mon, 23 Nov 2026 09:00:00 +0000\r\n${alarm}`;
    const second = `Received: by x; Tue, 24 Nov 2026 09:00:00 +0000\r\n${alarm}`;
    expect(key(first)).toBe(key(first));
    expect(key(first)).not.toBe(key(second));
    expect(key(`${first}Date:\r\n`)).not.toBe(key(`${second}Date:\r\n`));
  });

  it('with neither of them, what a provider notes on each of its copies does not count', () => {
    const alarm =
      'From: printer@corp.example\r\nX-Original-To: old@corp.example\r\nSubject: toner\r\n';
    const noted = (who: string) =>
      `Return-Path: <>\r\nDelivery-date: ${who}\r\nX-Original-To: ${who}\r\nDelivered-To: ${who}\r\n${alarm}Envelope-To:\r\n ${who}\r\n`;
    expect(key(noted('chris@corp.example'))).toBe(key(noted('kelly@corp.example')));
    expect(key(noted('chris@corp.example'))).toBe(key(alarm.replace(/X-Orig.*\r\n/, '')));
    expect(key(`${noted('chris@corp.example')}X-Alarm: 2\r\n`)).not.toBe(key(alarm));
  });

  it('tells messages without any header apart, whose text lies before the first empty line', () => {
    expect(key('Hello Chris\n\n')).not.toBe(key('Hello Kelly\n\n'));
  });

  it('tells To from Cc where only one of them stands', () => {
    const date = 'Date: Mon, 23 Nov 2026 09:00:00 +0000\n';
    expect(key(`${date}To: a@x\n`)).not.toBe(key(`${date}Cc: a@x\n`));
  });

  it('tells two fields apart that share their octets in another way', () => {
    const date = 'Date: Mon, 23 Nov 2026 09:00:00 +0000\n';
    expect(key(`${date}To: a\nTo: bc\n`)).not.toBe(key(`${date}To: ab\nTo: c\n`));
  });

  it('tells any two values apart that differ in more than blanks', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', ':', '1', '<', '>'), maxLength: 4 });
    fc.assert(
      fc.property(word, word, word, word, (to, cc, otherTo, otherCc) => {
        const same = to === otherTo && cc === otherCc;
        expect(key(mail({ to, cc })) === key(mail({ to: otherTo, cc: otherCc }))).toBe(same);
      }),
    );
  });
});
