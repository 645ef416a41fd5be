import type { Permanence } from '../failure.ts';
import { Failure } from '../failure.ts';
import type { Connection } from './connection.ts';
import type { StatusLine } from './status-line.ts';

/** The server said -ERR to the login. */
export class LoginRefused extends Failure {
  /** Extended response code (RFC 2449, RFC 3206) in upper case: `AUTH`, `IN-USE`, `LOGIN-DELAY`; null without one. */
  readonly responseCode: string | null;

  constructor(permanence: Permanence, message: string, responseCode: string | null) {
    super('login', permanence, message);
    this.responseCode = responseCode;
  }
}

const PERMANENCE_OF_CODE: ReadonlyMap<string, Permanence> = new Map([
  ['AUTH', 'permanent'],
  ['SYS/PERM', 'permanent'],
  ['SYS/TEMP', 'temporary'],
  ['IN-USE', 'temporary'],
  ['LOGIN-DELAY', 'temporary'],
]);

/** Servers without response codes say in words that another session has the maildrop (RFC 1939 section 4). */
const BUSY = /\b(?:lock(?:ed)?|in use|busy|try again|temporar(?:y|ily))\b/i;

export function loginRefused(
  connection: Connection,
  mechanism: string,
  reply: StatusLine,
): LoginRefused {
  const code = reply.code === null ? '' : ` [${connection.quote(reply.code)}]`;
  return new LoginRefused(
    permanenceOf(reply),
    `${connection.place} refused the login (${mechanism}):${code} ${connection.quote(reply.text)}`,
    reply.code,
  );
}

function permanenceOf(reply: StatusLine): Permanence {
  const known = reply.code === null ? undefined : PERMANENCE_OF_CODE.get(reply.code);
  return known ?? (BUSY.test(reply.text) ? 'temporary' : 'permanent');
}
