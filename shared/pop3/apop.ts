import { createHash } from 'node:crypto';

import type { Connection } from './connection.ts';
import type { LoginAttempt } from './login-attempt.ts';
import { isUnknownCommand } from './login-attempt.ts';
import type { StatusLine } from './status-line.ts';

/**
 * A msg-id (RFC 822 section 4.1) of printable ASCII and nothing else: whoever can choose other octets in the
 * greeting finds out the password, digit by digit, by MD5 collisions (CVE-2007-1558).
 */
const TIMESTAMP = /<[!-;=?A-~]+@[!-;=?A-~]+>/g;

/** The timestamp of a greeting; the last one, since a contact address may stand before it. */
export function apopTimestamp(greeting: StatusLine): string | null {
  return greeting.text.match(TIMESTAMP)?.at(-1) ?? null;
}

/** APOP (RFC 1939 section 7): MD5 of timestamp and password, in one command. */
export async function apop(
  connection: Connection,
  username: string,
  password: string,
  timestamp: string,
): Promise<LoginAttempt> {
  const digest = createHash('md5').update(timestamp).update(password, 'utf8').digest('hex');
  connection.hide([digest]);
  const reply = await connection.send({ line: `APOP ${username} ${digest}`, name: 'APOP' });
  return { reply, judged: !isUnknownCommand(reply) };
}
