import type { RecipientReply } from './courier.ts';
import type { SmtpReply } from './smtp-reply.ts';

/** What one reply, or its absence, means for one recipient; the address and the host are added by the caller. */
export type Verdict = Omit<RecipientReply, 'address' | 'host'>;

/** Octets of `text` that the ledger keeps for a recipient. */
const TEXT_OCTETS = 200;

/** One line without control and format characters (terminal escapes, bidi overrides), cut at a character's border. */
export function oneLine(text: string, octets: number = TEXT_OCTETS): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  const bytes = Buffer.from(line);
  if (bytes.length <= octets) return line;
  const ellipsis = '…';
  let end = octets - Buffer.byteLength(ellipsis);
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end) + ellipsis;
}

/** No server said anything: mail waits. */
export function faultVerdict(text: string): Verdict {
  return { verdict: 'temporary', code: null, enhancedCode: null, text: oneLine(text) };
}

/** The connector itself knows that the server will not take it, in the code the server would have used. */
export function refusal(code: number, enhancedCode: string, text: string): Verdict {
  return { verdict: 'permanent', code, enhancedCode, text: oneLine(text) };
}

/**
 * A reply to the session (greeting, EHLO, STARTTLS, AUTH) says something about the server or the account, not about
 * the recipient: always temporary, so that a wrong password or a 554 greeting never pushes mail to `Failed/` while
 * somebody repairs it.
 */
export function sessionVerdict(what: string, reply: SmtpReply | null): Verdict {
  return {
    verdict: 'temporary',
    code: reply?.code ?? null,
    enhancedCode: reply?.enhancedCode ?? null,
    text: oneLine(reply === null ? what : `${what}: ${reply.text}`),
  };
}

/** A reply to MAIL, RCPT, DATA or the final dot. */
export function transactionVerdict(reply: SmtpReply): Verdict {
  if (reply.code === null) return faultVerdict(`unintelligible reply: ${reply.text}`);
  return {
    verdict: reply.code < 300 ? 'sent' : permanence(reply.code, reply.enhancedCode),
    code: reply.code,
    enhancedCode: reply.enhancedCode,
    text: oneLine(reply.text),
  };
}

/**
 * 4xx and 5xx codes that concern the session, whatever the server meant by them: 421 it is closing; 503 the two sides
 * lost step; 530, 534, 535, 538 authentication or TLS is missing (RFC 4954 section 6, RFC 3207 section 4).
 */
const SESSION_CODES = new Set([421, 503, 530, 534, 535, 538]);

/**
 * Permanent by class, temporary in fact: a full mailbox is emptied (5.2.2), and of too many recipients (5.5.3) fewer
 * are left at the next attempt (RFC 5321 section 4.5.3.1.10).
 */
const CURABLE = new Set(['5.2.2', '5.5.3']);

/** A routing loop (RFC 3463, X.4.6) comes round again however often it is tried. */
const LOOP = '5.4.6';

function permanence(code: number, enhancedCode: string | null): 'temporary' | 'permanent' {
  if (enhancedCode === LOOP) return 'permanent';
  if (SESSION_CODES.has(code)) return 'temporary';
  if (enhancedCode !== null && CURABLE.has(enhancedCode)) return 'temporary';
  // A bare 552 is "exceeded storage allocation" or, from old servers, "too many recipients"; the size limit of
  // RFC 1870, which stays, is told apart by 5.3.4 or 5.2.3.
  if (code === 552 && enhancedCode === null) return 'temporary';
  // Where code and enhanced code disagree the milder one holds: waiting costs little, a wrong end costs the mail.
  if (code < 500 || code > 599) return 'temporary';
  return enhancedCode?.startsWith('4.') === true ? 'temporary' : 'permanent';
}
