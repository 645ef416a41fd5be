const CR = 0x0d;
const LF = 0x0a;
const CRLF = Buffer.from('\r\n');

/**
 * The octets that Dovecot sends for a stored file: LF without CR before it becomes CRLF, and a file that does not
 * end in LF (the empty one too) gets a CRLF at its end. A bare CR stays.
 */
export function asSentByDovecot(stored: Buffer): Buffer {
  const sent = replaceLineEnds(
    stored,
    (octet, next) => octet === LF || (octet === CR && next === LF),
  );
  return sent.at(-1) === LF ? sent : Buffer.concat([sent, CRLF]);
}

/** The octets of a message on the SMTP wire: a bare CR and a bare LF become CRLF (RFC 5321 section 2.3.8). */
export function asSentBySmtp(message: Buffer): Buffer {
  const sent = replaceLineEnds(message, (octet) => octet === LF || octet === CR);
  return sent.length === 0 || sent.at(-1) === LF ? sent : Buffer.concat([sent, CRLF]);
}

/** A message as a Unix mail store keeps it: each CRLF is an LF. */
export function asStoredOnUnix(message: Buffer): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  for (let at = message.indexOf(CRLF); at !== -1; at = message.indexOf(CRLF, at + 2)) {
    kept.push(message.subarray(from, at));
    from = at + 1;
  }
  kept.push(message.subarray(from));
  return Buffer.concat(kept);
}

/** Puts one CRLF where `endsLine` says that a line ends; CR and LF together are one end. */
function replaceLineEnds(
  message: Buffer,
  endsLine: (octet: number, next: number | undefined) => boolean,
): Buffer {
  const out = Buffer.allocUnsafe(message.length * 2);
  let length = 0;
  for (let at = 0; at < message.length; at += 1) {
    const octet = message[at] ?? 0;
    const next = message[at + 1];
    if (!endsLine(octet, next)) {
      out[length] = octet;
      length += 1;
      continue;
    }
    CRLF.copy(out, length);
    length += 2;
    if (octet === CR && next === LF) at += 1;
  }
  return Buffer.from(out.subarray(0, length));
}
