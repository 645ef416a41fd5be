import type { RecipientReply } from './courier.ts';
import { permanenceOf } from './permanence.ts';
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
    text: oneLine(reply === null || reply.text === '' ? what : `${what}: ${reply.text}`),
  };
}

/** A reply to MAIL, RCPT, DATA or the final dot. */
export function transactionVerdict(reply: SmtpReply): Verdict {
  if (reply.code === null) return faultVerdict(`unintelligible reply: ${reply.text}`);
  return {
    verdict: reply.code < 300 ? 'sent' : permanenceOf(reply.code, reply.enhancedCode),
    code: reply.code,
    enhancedCode: reply.enhancedCode,
    text: oneLine(reply.text),
  };
}
