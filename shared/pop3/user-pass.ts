import type { Connection } from './connection.ts';
import { loginRefused } from './login-refused.ts';
import type { MaildropLogin } from './maildrop.ts';

/**
 * USER and PASS (RFC 1939 section 7). The password is the rest of its line, spaces at its end included.
 * @throws LoginRefused
 */
export async function userPass(connection: Connection, login: MaildropLogin): Promise<void> {
  const user = await connection.send({ line: `USER ${login.username}`, name: 'USER' });
  if (user.status !== 'ok') throw loginRefused(connection, 'USER', user);
  const pass = await connection.send({ line: `PASS ${login.password}`, name: 'PASS' });
  if (pass.status !== 'ok') throw loginRefused(connection, 'USER/PASS', pass);
}
