import { simpleParser } from 'mailparser';
import { describe, expect, it } from 'vitest';

import { compose } from '../../shared/notice/compose.ts';
import type { DeliveryReport, Notice } from '../../shared/notice/notice.ts';

const HOST = 'ferry.corp.example';

const NOTICE: Notice = {
  subjectKey: 'oversize:sales:0f3a',
  to: 'admin@corp.example',
  at: Date.UTC(2026, 2, 1, 12, 30),
  subject: 'Mailbox sales: a message is too large',
  text: 'One line.\n.\nGrüße = 100 %  \n',
  report: null,
};

const REPORT: DeliveryReport = {
  arrivedAt: Date.UTC(2026, 2, 1, 12),
  recipients: [
    {
      address: 'gone@corp.example',
      status: '5.1.1',
      remote: 'mail.corp.example:587',
      reply: '550 5.1.1 no such user\r\nX-Planted: yes',
      lastAttemptAt: Date.UTC(2026, 2, 1, 12, 1),
    },
    {
      address: 'jürgen@corp.example',
      status: '5.4.7',
      remote: null,
      reply: null,
      lastAttemptAt: null,
    },
  ],
  header: Buffer.from(
    'From: ann@x.example\nSubject: caf\xe9 =_x\n--=_mailferry_\n\tfolded \n\n',
    'latin1',
  ),
};

function composed(changes: Partial<Notice> = {}): string {
  return compose({ ...NOTICE, ...changes }, HOST).toString('latin1');
}

describe('compose', () => {
  it('gives the same octets for the same notice, and another Message-ID for another subject key', () => {
    expect(composed()).toBe(composed());
    const idOf = (text: string) => /^Message-ID: (<.+>)\r$/m.exec(text)?.[1];
    expect(idOf(composed())).toMatch(/^<[0-9a-f]{32}\.mailferry@ferry\.corp\.example>$/);
    expect(idOf(composed({ subjectKey: 'oversize:sales:0f3b' }))).not.toBe(idOf(composed()));
  });

  it('is 7-bit text with CRLF, in lines that every server takes', () => {
    for (const text of [composed(), composed({ report: REPORT, subject: 'Über '.repeat(40) })]) {
      expect(text).toMatch(/^[\t\r\n -~]*$/);
      expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
      expect(text.endsWith('\r\n')).toBe(true);
      expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(78);
    }
  });

  it('is plain text that is read as it was written, and marked as made by a machine', async () => {
    const mail = await simpleParser(compose(NOTICE, HOST));
    expect(mail.text).toBe('One line.\n.\nGrüße = 100 %  \n');
    expect(mail.subject).toBe(NOTICE.subject);
    expect(mail.from?.text).toBe('"Mailferry" <mailer-daemon@ferry.corp.example>');
    expect(mail.date).toEqual(new Date(NOTICE.at));
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('ends its text with a line end, whatever the text ends with', () => {
    expect(composed({ text: 'no line end' }).endsWith('no line end\r\n')).toBe(true);
  });

  it('reports as RFC 3464 wants it: words, fields of each recipient, the original’s header', () => {
    const text = composed({ report: REPORT });
    expect(text).toContain(
      'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="=_mailferry_',
    );
    const status = text
      .split('Content-Type: message/delivery-status\r\n\r\n')[1]
      ?.split('\r\n--')[0];
    expect(status?.split('\r\n')).toEqual([
      'Reporting-MTA: dns; ferry.corp.example',
      'Arrival-Date: Sun, 01 Mar 2026 12:00:00 +0000',
      '',
      'Final-Recipient: rfc822; gone@corp.example',
      'Action: failed',
      'Status: 5.1.1',
      'Remote-MTA: dns; mail.corp.example',
      'Diagnostic-Code: smtp; 550 5.1.1 no such user??X-Planted: yes',
      'Last-Attempt-Date: Sun, 01 Mar 2026 12:01:00 +0000',
      '',
      'Final-Recipient: utf-8; j\\x{FC}rgen@corp.example',
      'Action: failed',
      'Status: 5.4.7',
      '',
    ]);
  });

  it('has parts that a stranger’s header cannot break open', async () => {
    const mail = await simpleParser(compose({ ...NOTICE, report: REPORT }, HOST));
    // The library reads the status as text.
    const [header] = mail.attachments;
    expect(mail.attachments).toHaveLength(1);
    expect(header?.contentType).toBe('text/rfc822-headers');
    expect(header?.content.toString('latin1')).toBe(
      'From: ann@x.example\r\nSubject: caf\xe9 =_x\r\n--=_mailferry_\r\n\tfolded \r\n',
    );
    expect(mail.text).toContain('One line.');
  });

  it('has no delivery status where nobody was tried', async () => {
    const held = { ...REPORT, recipients: [] };
    const mail = await simpleParser(compose({ ...NOTICE, report: held }, HOST));
    expect(mail.attachments.map((part) => part.contentType)).toEqual(['text/rfc822-headers']);
    expect(composed({ report: held })).toContain('Content-Type: multipart/mixed;');
  });

  it('cuts a huge header behind a line', async () => {
    const header = Buffer.from('X-Long: 123456789\r\n'.repeat(10_000));
    const mail = await simpleParser(compose({ ...NOTICE, report: { ...REPORT, header } }, HOST));
    const kept = mail.attachments[0]?.content.toString('latin1') ?? '';
    expect(kept.length).toBeGreaterThan(60_000);
    expect(kept.length).toBeLessThanOrEqual(64 * 1024);
    expect(kept.endsWith('123456789\r\n')).toBe(true);
  });

  it('keeps a header without any line feed short, too', () => {
    const header = Buffer.from('X-Long: 123456789\r'.repeat(10_000));
    expect(composed({ report: { ...REPORT, header } }).length).toBeLessThan(120_000);
  });
});
