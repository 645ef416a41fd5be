/** An answer with a body as it goes over the wire: byte-stuffed, terminator behind (RFC 1939 section 3). */
export function multiLineAnswer(status: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${status}\r\n`, 'latin1'), stuffed(body)]);
}

/** Lines are those that end in CRLF. A last line without it gets one, as every server adds. */
export function stuffed(body: Buffer): Buffer {
  const text = body.toString('latin1');
  const withDots = (text.startsWith('.') ? `.${text}` : text).replaceAll('\r\n.', '\r\n..');
  const complete = withDots === '' || withDots.endsWith('\r\n') ? withDots : `${withDots}\r\n`;
  return Buffer.from(`${complete}.\r\n`, 'latin1');
}

/** {@link multiLineAnswer} of a server that writes no CR: its lines are those that end in LF. */
export function bareAnswer(status: string, body: Buffer): Buffer {
  const text = body.toString('latin1').replaceAll('\r\n', '\n').replaceAll(/^\./gm, '..');
  const complete = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return Buffer.from(`${status}\n${complete}.\n`, 'latin1');
}

/** The header block, the empty line, and so many lines of the body: what TOP answers. */
export function topOf(content: Buffer, lines: number): Buffer {
  const text = content.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return content;
  const body = text
    .slice(end + 4)
    .split('\r\n')
    .slice(0, lines);
  const tail = body.length > 0 ? `${body.join('\r\n')}\r\n` : '';
  return Buffer.from(`${text.slice(0, end + 4)}${tail}`, 'latin1');
}
