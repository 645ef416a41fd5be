/** One whole reply of an SMTP server (RFC 5321 section 4.2). */
export interface SmtpReply {
  /** Three digits; null where what came is no SMTP reply, or its lines disagree (RFC 5321 section 4.2.1). */
  readonly code: number | null;
  /** Enhanced status code (RFC 2034, RFC 3463) of the first line that has one. */
  readonly enhancedCode: string | null;
  /** The words of all lines, without the codes, joined by a space. */
  readonly text: string;
  /** First digit is 2: what nodemailer takes as a yes, so that both count the same recipients. */
  readonly positive: boolean;
}

const CODE = /^([2-5]\d{2})(?:[ -]|$)/;
const CONTINUED = /^\d{3}-/;
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)/;

const LF = 0x0a;

/** Lines kept of one reply: the port keeps 200 octets of it, and a server decides how many it sends. */
const MAX_LINES = 50;

/** Reads one reply from its lines, joined by LF. */
export function parseReply(raw: string): SmtpReply {
  const lines = raw.split(/\r?\n/).filter((line) => line.trim() !== '');
  const codes = new Set(lines.map((line) => CODE.exec(line)?.[1]));
  const [code] = codes.size === 1 ? codes : [];
  let enhancedCode: string | null = null;
  const words: string[] = [];
  for (const line of lines) {
    const text = CODE.test(line) ? line.slice(4) : line;
    const enhanced = ENHANCED.exec(text);
    enhancedCode ??= enhanced?.[1] ?? null;
    words.push((enhanced ? text.slice(enhanced[0].length) : text).trim());
  }
  return {
    code: code === undefined ? null : Number(code),
    enhancedCode,
    text: words.filter((word) => word !== '').join(' '),
    positive: raw.startsWith('2'),
  };
}

/** The charset of replies is not defined: UTF-8 where it is valid, else octet by octet. */
function decode(octets: string): string {
  const text = Buffer.from(octets, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? octets : text;
}

/**
 * Cuts what a server sends into replies. It stands beside nodemailer's own reading because nodemailer hands its
 * replies on one a turn of the event loop and forgets the rest when the connection closes: an LMTP server's yes to a
 * recipient (RFC 2033 section 4.2) that came before the close would be lost, and the message sent again.
 */
export class ReplyReader {
  /** Kept apart until the line ends: joined at each packet, a line in single octets would cost its square. */
  #rest: string[] = [];
  #lines: string[] = [];

  /** Replies that `chunk` completes. A line without its line end is no reply, also when the connection ends there. */
  push(chunk: Buffer): SmtpReply[] {
    this.#rest.push(chunk.toString('latin1'));
    if (!chunk.includes(LF)) return [];
    const lines = this.#rest.join('').split(/\r?\n/);
    this.#rest = [lines.pop() ?? ''];
    const replies: SmtpReply[] = [];
    for (const line of lines) {
      // Some servers send blank lines between replies; nodemailer skips them too.
      if (line.trim() === '' && this.#lines.length === 0) continue;
      const continued = CONTINUED.test(line);
      if (this.#lines.length < MAX_LINES || !continued) this.#lines.push(decode(line));
      if (continued) continue;
      replies.push(parseReply(this.#lines.join('\n')));
      this.#lines = [];
    }
    return replies;
  }
}
