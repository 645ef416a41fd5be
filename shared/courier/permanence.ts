import type { Permanence } from '../failure.ts';
import type { RecipientReply } from './courier.ts';

/**
 * Codes that concern the session, whatever class they belong to: 421 it is closing; 503 the two sides lost step; 530,
 * 534, 535, 538 authentication or TLS is missing (RFC 4954 section 6, RFC 3207 section 4).
 */
const SESSION_CODES = new Set([421, 503, 530, 534, 535, 538]);

/**
 * Enhanced codes that speak of the connector's own account or connection, not of the recipient or the message. Somebody
 * has to put the account, the settings or the DNS right, and mail waits for that. From the IANA registry: 5.7.8 bad
 * credentials, 5.7.9 to 5.7.12 the mechanism, TLS or a password change is wanted, 5.7.13 the account is disabled, 5.7.14
 * no trust relationship, 5.7.25 no reverse DNS. Of Exchange and Microsoft 365: 5.7.57 not logged in, 5.7.60 may not send
 * as this sender.
 */
const ACCOUNT_CODES = new Set([
  ...['5.7.8', '5.7.9', '5.7.10', '5.7.11', '5.7.12', '5.7.13', '5.7.14', '5.7.25'],
  ...['5.7.57', '5.7.60'],
]);

/** Microsoft 365: the connector's IP address is banned. */
const BANNED_ADDRESS = /^5\.7\.6(?:0[6-9]|[1-4]\d)$/;

/**
 * Permanent by class, temporary in fact: a full mailbox is emptied (5.2.2), a full or closed system comes back (5.3.1,
 * 5.3.2), so do a directory (5.4.3) and a congested system (5.4.5), a flood passes (5.7.28), and of too many recipients
 * (5.5.3) fewer are left at the next attempt (RFC 5321 section 4.5.3.1.10).
 */
const CURABLE = new Set(['5.2.2', '5.3.1', '5.3.2', '5.4.3', '5.4.5', '5.5.3', '5.7.28']);

/** A routing loop (RFC 3463, X.4.6) comes round again however often it is tried. */
const LOOP = '5.4.6';

/** A reply that says nothing about the message: the session or the account is at fault, and the next one fares alike. */
export function concernsSession(code: number | null, enhancedCode: string | null): boolean {
  if (code !== null && SESSION_CODES.has(code)) return true;
  if (enhancedCode === null) return false;
  return ACCOUNT_CODES.has(enhancedCode) || BANNED_ADDRESS.test(enhancedCode);
}

/**
 * What a negative reply to MAIL, RCPT, DATA or the final dot means: the enhanced code decides, then the code. Where the
 * two disagree, and for a code that is neither 4xx nor 5xx, the milder end holds: waiting costs little, a wrong end
 * costs the mail. docs/delivery.md shows this as a table.
 */
export function permanenceOf(code: number, enhancedCode: string | null): Permanence {
  if (enhancedCode === LOOP) return 'permanent';
  if (concernsSession(code, enhancedCode)) return 'temporary';
  if (enhancedCode !== null && CURABLE.has(enhancedCode)) return 'temporary';
  // A bare 552 is "exceeded storage allocation" or, from old servers, "too many recipients"; the size limit of
  // RFC 1870, which stays, is told apart by 5.3.4 or 5.2.3.
  if (code === 552 && enhancedCode === null) return 'temporary';
  if (code < 500 || code > 599) return 'temporary';
  return enhancedCode?.startsWith('4.') === true ? 'temporary' : 'permanent';
}

/**
 * Of a refused recipient: the transaction has as many as the server takes, and one of its own may take him at once (RFC
 * 5321 section 4.5.3.1.10). Filters that judge by each recipient's own rules say it to all but the first.
 */
export function wantsOwnTransaction({
  verdict,
  code,
  enhancedCode,
  text,
}: Pick<RecipientReply, 'verdict' | 'code' | 'enhancedCode' | 'text'>): boolean {
  if (verdict !== 'temporary') return false;
  if (enhancedCode !== null) return /^[45]\.5\.3$/.test(enhancedCode);
  return (code === 452 || code === 552) && /too many (?:recipients|rcpts)/i.test(text);
}
