/** A small message. Its subject also names its Message-ID, unless `id` does. */
export function sampleMessage(
  to: string,
  subject: string,
  options: {
    readonly body?: string;
    readonly header?: readonly string[];
    readonly id?: string;
  } = {},
): Buffer {
  const lines = [
    ...(options.header ?? []),
    'From: ann@nwtraders.example',
    `To: ${to}`,
    `Subject: ${subject}`,
    'Date: Mon, 2 Nov 2026 09:00:00 +0000',
    `Message-ID: <${options.id ?? subject}@nwtraders.example>`,
    '',
    options.body ?? `About ${subject}.`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

/** The header block of a message with CRLF line ends, unfolded, one character an octet. */
export function unfoldedHeader(message: Buffer): string {
  const end = message.indexOf('\r\n\r\n');
  const header = message.toString('latin1', 0, end === -1 ? message.length : end);
  return header.replaceAll(/\r\n(?=[ \t])/g, '');
}
