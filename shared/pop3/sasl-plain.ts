import { Failure } from '../failure.ts';
import { POP3_AUTH_COMMAND_OCTETS } from '../limits.ts';
import type { Connection } from './connection.ts';
import { loginRefused } from './login-refused.ts';
import type { MaildropLogin } from './maildrop.ts';
import type { StatusLine } from './status-line.ts';

const COMMAND = 'AUTH PLAIN';

/** The message of SASL PLAIN (RFC 4616) in base64: no authorization identity, user name, password. */
export function plainResponse(login: MaildropLogin): string {
  return Buffer.from(`\0${login.username}\0${login.password}`, 'utf8').toString('base64');
}

/**
 * AUTH PLAIN (RFC 5034) by challenge: every server takes that form, while some (Outlook among them) drop a connection
 * that sends the response along.
 * @returns `unavailable` when the server refused the mechanism itself, before it saw a credential
 * @throws LoginRefused
 */
export async function plainByChallenge(
  connection: Connection,
  login: MaildropLogin,
): Promise<'in' | 'unavailable'> {
  const reply = await connection.send({ line: COMMAND, name: COMMAND, challenge: true });
  if (reply.status === 'continue') {
    await respond(connection, login);
    return 'in';
  }
  if (reply.status === 'error' && reply.code === null) return 'unavailable';
  throw reply.status === 'error' ? loginRefused(connection, COMMAND, reply) : unasked(connection);
}

/**
 * AUTH PLAIN with an initial response (RFC 5034 section 4), for servers that know no other form.
 * @throws LoginRefused
 */
export async function plainInitial(connection: Connection, login: MaildropLogin): Promise<void> {
  const line = `${COMMAND} ${plainResponse(login)}`;
  if (Buffer.byteLength(line) + 2 > POP3_AUTH_COMMAND_OCTETS) {
    throw new Failure(
      'login',
      'permanent',
      `${connection.place} refused ${COMMAND}, and user name and password are too long for its one-line form`,
    );
  }
  const reply = await connection.send({ line, name: COMMAND, challenge: true });
  if (reply.status === 'continue') await respond(connection, login);
  else judge(connection, reply);
}

async function respond(connection: Connection, login: MaildropLogin): Promise<void> {
  judge(connection, await connection.send({ line: plainResponse(login), name: COMMAND }));
}

function judge(connection: Connection, reply: StatusLine): void {
  if (reply.status !== 'ok') throw loginRefused(connection, COMMAND, reply);
}

function unasked(connection: Connection): Failure {
  return new Failure(
    'protocol',
    'temporary',
    `expected a challenge or -ERR to ${COMMAND} from ${connection.place}, got +OK without a password`,
  );
}
