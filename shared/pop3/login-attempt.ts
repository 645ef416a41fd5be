import type { StatusLine } from './status-line.ts';

/** What a server answered to one mechanism. */
export interface LoginAttempt {
  /** +OK, or -ERR. */
  readonly reply: StatusLine;
  /**
   * Whether the server knew by then who asked. If not, it refused the mechanism and not the login: another one may be
   * tried without a second failure on the account.
   */
  readonly judged: boolean;
  /** What the server said beside its -ERR: the JSON of XOAUTH2, the `e=` of SCRAM; null: nothing. */
  readonly detail?: string | null;
}

/**
 * Whether an -ERR without response code says in words that the server does not know the command. USER and APOP need
 * this, since their first command names the user already.
 */
export function isUnknownCommand({ code, text }: StatusLine): boolean {
  return code === null && UNKNOWN_COMMAND.test(text);
}

const UNKNOWN_COMMAND = new RegExp(
  [
    /\b(?:unknown|unrecogni[sz]ed|unsupported|invalid|illegal|bad|no such)\b.*\b(?:command|mechanism|method|syntax)\b/,
    /\bcommand\b.*\b(?:unknown|unrecogni[sz]ed|unsupported|invalid|disabled|not)\b/,
    /\bnot (?:supported|implemented)\b/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);
