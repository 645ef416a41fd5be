import { createHash } from 'node:crypto';

import { encode, wrap } from 'nodemailer/lib/qp';

import { foldField } from '../mail/fold.ts';
import { dateTime } from '../mail/received.ts';
import { deliveryStatus } from './delivery-status.ts';
import type { DeliveryReport, Notice } from './notice.ts';
import { subjectField } from './subject-field.ts';

/** Of the original's header block: more than honest mail has, and little beside a mailbox's own limits. Octets. */
const HEADER_OCTETS = 64 * 1024;

/**
 * A notice as the octets of a message: CRLF, 7-bit, and the same for the same notice and host, whatever the time.
 * Made here and not by a library, since these octets are the message's identity: a library's next version may fold
 * one field in another way, and a notice that was begun would go out twice.
 * @param hostName ours: names the sender
 */
export function compose(notice: Notice, hostName: string): Buffer {
  const digest = createHash('sha256').update(notice.subjectKey).digest('hex');
  const { contentFields, body } = contentOf(notice, hostName, digest);
  const fields = [
    `From: Mailferry <mailer-daemon@${hostName}>`,
    `To: ${notice.to}`,
    subjectField(notice.subject),
    `Date: ${dateTime(notice.at)}`,
    `Message-ID: <${digest.slice(0, 32)}.mailferry@${hostName}>`,
    // RFC 3834 section 5: nobody's out-of-office reply or ticket system shall answer.
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    ...contentFields,
  ];
  return Buffer.from(`${fields.join('\r\n')}\r\n\r\n${body}`);
}

interface Part {
  readonly contentFields: readonly string[];
  readonly body: string;
}

function contentOf(notice: Notice, hostName: string, digest: string): Part {
  // The last line of a message needs its line end, with or without a part behind it.
  const text = quotedPrintable('text/plain; charset=utf-8', notice.text.replace(/\n*$/, '\n'));
  const { report } = notice;
  if (report === null) return text;
  const header = quotedPrintable('text/rfc822-headers', wholeLines(report.header));
  // RFC 3464 section 2 wants a recipient; without one the report is for people alone.
  return report.recipients.length === 0
    ? multipart('multipart/mixed;', digest, [text, header])
    : multipart('multipart/report; report-type=delivery-status;', digest, [
        text,
        statusPart(report, hostName),
        header,
      ]);
}

/** `=_` stands in no quoted-printable text (RFC 2045 section 6.7), so no line of a part can be the boundary. */
function multipart(type: string, digest: string, parts: readonly Part[]): Part {
  const boundary = `=_mailferry_${digest.slice(0, 32)}`;
  const written = parts.map(
    ({ contentFields, body }) =>
      `--${boundary}\r\n${contentFields.join('\r\n')}\r\n\r\n${body}\r\n`,
  );
  return {
    contentFields: [foldField('Content-Type', [...type.split(' '), `boundary="${boundary}"`])],
    body: `${written.join('')}--${boundary}--\r\n`,
  };
}

function statusPart(report: DeliveryReport, hostName: string): Part {
  return {
    contentFields: ['Content-Type: message/delivery-status'],
    body: deliveryStatus(report, hostName),
  };
}

function quotedPrintable(type: string, content: string | Buffer): Part {
  const octets = Buffer.from(content)
    .toString('latin1')
    .replaceAll(/\r*\n|\r/g, '\r\n');
  return {
    contentFields: [`Content-Type: ${type}`, 'Content-Transfer-Encoding: quoted-printable'],
    body: wrap(encode(Buffer.from(octets, 'latin1'))),
  };
}

/** As much as is kept, cut behind a line; without the empty line that ends a header block. */
function wholeLines(header: Buffer): Buffer {
  const kept = header.subarray(0, HEADER_OCTETS);
  const end = kept.length < header.length ? kept.lastIndexOf('\n') + 1 : kept.length;
  return Buffer.from(kept.toString('latin1', 0, end).replace(/[\r\n]+$/, '\n'), 'latin1');
}
