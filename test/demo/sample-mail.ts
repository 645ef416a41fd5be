/** One message of the demo, and where it has to end. */
export interface Sample {
  /** What the connector is for, in a few words. */
  readonly shows: string;
  readonly mailbox: 'chris' | 'everyone';
  readonly octets: Buffer;
  /** Who has to have it on the sample mail server. */
  readonly arrivesAt: readonly string[];
  /** Whether it has to lie in `Failed/` too. */
  readonly parked: boolean;
}

const LIST = 'mailinglist@treyresearch.example';
const MEGABYTES = 4;

/** Sample mail of a small organisation, corp.example, that collects its domain at a provider. */
export function sampleMail(): readonly Sample[] {
  return [
    {
      shows: 'user mailbox: whatever To says, it is for Chris',
      mailbox: 'chris',
      octets: mail(
        'ann@nwtraders.example',
        'chris@provider.example',
        'Offer',
        'Hello Chris,\r\n..a dot first.\r\n',
      ),
      arrivesAt: ['chris@corp.example'],
      parked: false,
    },
    {
      shows: 'global mailbox: two people, one message',
      mailbox: 'everyone',
      octets: mail(
        'ann@nwtraders.example',
        'Chris <chris@corp.example>, kelly@corp.example',
        'Meeting',
        'Ten?\r\n',
      ),
      arrivesAt: ['chris@corp.example', 'kelly@corp.example'],
      parked: false,
    },
    {
      shows: 'mailing list: nobody of ours in To or Cc',
      mailbox: 'everyone',
      octets: mail(LIST, LIST, 'Digest 42', 'News.\r\n', ['List-Id: <news.treyresearch.example>']),
      arrivesAt: ['admin@corp.example'],
      parked: false,
    },
    {
      shows: 'Bcc: the header does not say whom it is for',
      mailbox: 'everyone',
      octets: mail('ann@nwtraders.example', 'undisclosed-recipients:;', 'Quietly', 'Psst.\r\n'),
      arrivesAt: ['admin@corp.example'],
      parked: false,
    },
    {
      shows: 'foreign recipient: never relayed',
      mailbox: 'everyone',
      octets: mail(
        'ann@nwtraders.example',
        'bob@other.example, kelly@corp.example',
        'Both of you',
        'Hi.\r\n',
      ),
      arrivesAt: ['kelly@corp.example'],
      parked: false,
    },
    {
      shows: `attachment of ${MEGABYTES} MB`,
      mailbox: 'everyone',
      octets: withAttachment(),
      arrivesAt: ['chris@corp.example'],
      parked: false,
    },
    {
      shows: 'Latin-1, 8-bit, no MIME: byte for byte',
      mailbox: 'everyone',
      octets: Buffer.from(
        mail(
          'rene@nwtraders.example',
          'kelly@corp.example',
          'Café à Zürich',
          'Grüße, déjà vu.\r\n',
        ).toString('utf8'),
        'latin1',
      ),
      arrivesAt: ['kelly@corp.example'],
      parked: false,
    },
    {
      shows: 'one recipient that the server refuses',
      mailbox: 'everyone',
      octets: mail(
        'ann@nwtraders.example',
        'chris@corp.example, gone@corp.example',
        'Farewell',
        'Bye.\r\n',
      ),
      arrivesAt: ['chris@corp.example'],
      parked: true,
    },
  ];
}

/** The recipient that the sample mail server does not know. */
export const REFUSED = 'gone@corp.example';

function mail(
  from: string,
  to: string,
  subject: string,
  body: string,
  more: readonly string[] = [],
): Buffer {
  const id = subject.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
  const lines = [
    `Return-Path: <${from}>`,
    'Received: from mx.nwtraders.example by mx.provider.example with ESMTP; Mon, 2 Nov 2026 09:00:00 +0000',
    ...more,
    `From: ${from}`,
    `To: ${to}`,
    `Subject: ${subject}`,
    'Date: Mon, 2 Nov 2026 09:00:00 +0000',
    `Message-ID: <${id}@nwtraders.example>`,
    '',
    body,
  ];
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

function withAttachment(): Buffer {
  const line = 'TWFpbGZlcnJ5IGNhcnJpZXMgdGhpcyBsaW5lLCBieXRlIGZvciBieXRlLCBhbGwgdGhlIHdheS4u\r\n';
  const attachment = line.repeat(Math.ceil((MEGABYTES * 1_000_000) / line.length));
  const parts = [
    '--sample',
    'Content-Type: text/plain',
    '',
    'The plans are attached.',
    '--sample',
    'Content-Type: application/octet-stream; name="plans.bin"',
    'Content-Transfer-Encoding: base64',
    '',
    `${attachment}--sample--`,
    '',
  ];
  return mail('ann@nwtraders.example', 'chris@corp.example', 'Plans', parts.join('\r\n'), [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="sample"',
  ]);
}
