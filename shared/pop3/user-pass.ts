import type { Connection } from './connection.ts';
import type { LoginAttempt } from './login-attempt.ts';
import { isUnknownCommand } from './login-attempt.ts';

/** USER and PASS (RFC 1939 section 7). The password is the rest of its line, spaces at its end included. */
export async function userPass(
  connection: Connection,
  username: string,
  password: string,
): Promise<LoginAttempt> {
  const user = await connection.send({ line: `USER ${username}`, name: 'USER' });
  if (user.status !== 'ok') return { reply: user, judged: !isUnknownCommand(user) };
  const pass = await connection.send({ line: `PASS ${password}`, name: 'PASS' });
  return { reply: pass, judged: true };
}
