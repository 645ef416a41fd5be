import { Failure } from '../failure.ts';
import type { Capabilities } from './capa.ts';
import { offersMechanism } from './capa.ts';
import { hasLineBreak } from './command.ts';
import type { Connection } from './connection.ts';
import type { MaildropAddress, MaildropLogin } from './maildrop.ts';
import { plainByChallenge, plainInitial, plainResponse } from './sasl-plain.ts';
import { userPass } from './user-pass.ts';

/**
 * Looks at what can be known before a connection is made: nothing is sent that could not be used.
 * @throws Failure `login`, permanent
 */
export function checkLogin(address: MaildropAddress, login: MaildropLogin): void {
  if (address.tls === 'none' && !login.cleartextAllowed) {
    throw new Failure(
      'login',
      'permanent',
      `the password for ${address.host} would cross the network in clear text: use TLS, or allow clear text for this mailbox`,
    );
  }
  if (hasLineBreak(login.username) || hasLineBreak(login.password)) {
    throw new Failure(
      'login',
      'permanent',
      `expected a user name and a password of one line for ${address.host}, got a line break or NUL in one`,
    );
  }
}

/**
 * Logs in with the mechanism set, or with the best that the server offers. Once a server has judged the credentials
 * no other mechanism is tried: a second failure may lock the account.
 * @throws Failure `login` (a `LoginRefused` where the server spoke), `protocol`, `connect` or `timeout`
 */
export async function authenticate(
  connection: Connection,
  login: MaildropLogin,
  capabilities: Capabilities | null,
): Promise<void> {
  const base64 = Buffer.from(login.password, 'utf8').toString('base64');
  connection.hide([login.password, plainResponse(login), base64]);
  if (login.auth === 'user') return userPass(connection, login);
  if (login.auth === 'auto' && !(capabilities && offersMechanism(capabilities, 'PLAIN'))) {
    return userPass(connection, login);
  }
  if ((await plainByChallenge(connection, login)) === 'in') return;
  await (login.auth === 'auto' ? userPass(connection, login) : plainInitial(connection, login));
}
