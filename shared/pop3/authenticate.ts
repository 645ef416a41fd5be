import type { Clock, RandomOctets } from '../clock.ts';
import { LoginRefused } from '../login-refused.ts';
import { apop } from './apop.ts';
import { hasLineBreak } from './command.ts';
import type { Connection } from './connection.ts';
import type { LoginAttempt } from './login-attempt.ts';
import { loginRefused } from './login-refused.ts';
import type { MaildropAddress, MaildropLogin } from './maildrop.ts';
import { chooseMechanisms, isAllowedInClear } from './mechanism-choice.ts';
import type { LoginOffer, LoginWish, Mechanism } from './mechanism-choice.ts';
import { cramMd5 } from './sasl/cram-md5.ts';
import { login as saslLogin } from './sasl/login.ts';
import { ntlm } from './sasl/ntlm.ts';
import { oauthBearer } from './sasl/oauthbearer.ts';
import { plain } from './sasl/plain.ts';
import type { SaslClient } from './sasl/sasl-client.ts';
import { saslByChallenge, saslInOneLine } from './sasl/sasl-exchange.ts';
import { scram } from './sasl/scram.ts';
import { xoauth2 } from './sasl/xoauth2.ts';
import { userPass } from './user-pass.ts';

/**
 * Looks at what can be known before a connection is made: nothing is sent that could not be used.
 * @throws Failure `login`, permanent
 */
export function checkLogin(address: MaildropAddress, login: MaildropLogin): void {
  if (address.tls === 'none' && !isAllowedInClear(wishOf(login))) {
    throw new LoginRefused(
      'other',
      `the ${login.secret.kind} for ${address.host} would cross the network in clear text: use TLS, or allow clear text for this mailbox`,
    );
  }
  if (hasLineBreak(login.username) || hasLineBreak(login.secret.value)) {
    throw new LoginRefused(
      'other',
      `expected a user name and a ${login.secret.kind} of one line for ${address.host}, got a line break or NUL in one`,
    );
  }
}

/** What some mechanisms need beside the login itself. */
export interface LoginSurroundings {
  readonly address: MaildropAddress;
  readonly clock: Clock;
  readonly randomOctets: RandomOctets;
}

/**
 * Logs in with the mechanism set, or with the best that the server offers. Once a server knows who asks, no other
 * mechanism is tried: a second failure may lock the account.
 * @returns the mechanism that let us in
 * @throws Failure `login` (a `LoginRefused` where the server spoke), `protocol`, `connect` or `timeout`
 */
export async function authenticate(
  connection: Connection,
  login: MaildropLogin,
  offer: LoginOffer,
  surroundings: LoginSurroundings,
): Promise<Mechanism> {
  const { mechanisms, obstacle } = chooseMechanisms(wishOf(login), offer);
  const [best] = mechanisms;
  if (best === undefined) {
    throw new LoginRefused('other', `login to ${connection.place}: ${obstacle ?? 'no way in'}`);
  }
  connection.hide(formsOf(login));
  const attempts = new Attempts(connection, login, offer, surroundings);
  for (const mechanism of mechanisms) {
    if (await attempts.succeeds(mechanism)) return mechanism;
  }
  if (await attempts.succeedsInOneLine(best)) return best;
  throw attempts.notTaken(mechanisms);
}

class Attempts {
  readonly #connection: Connection;
  readonly #login: MaildropLogin;
  readonly #offer: LoginOffer;
  readonly #surroundings: LoginSurroundings;
  #lastRefusal: LoginAttempt | null = null;

  constructor(
    connection: Connection,
    login: MaildropLogin,
    offer: LoginOffer,
    surroundings: LoginSurroundings,
  ) {
    this.#connection = connection;
    this.#login = login;
    this.#offer = offer;
    this.#surroundings = surroundings;
  }

  /**
   * @returns false when the server refused the mechanism without knowing who asks, and gave no reason by a code
   * @throws LoginRefused when it refused the login
   */
  async succeeds(mechanism: Mechanism): Promise<boolean> {
    return this.#judge(mechanism, await this.#attempt(mechanism));
  }

  /** The same by the form that has the response on the line of the command; false where there is none to send. */
  async succeedsInOneLine(mechanism: Mechanism): Promise<boolean> {
    if (mechanism === 'USER' || mechanism === 'APOP') return false;
    const client = await this.#client(mechanism);
    const { initial } = client;
    if (initial === null) return false;
    return this.#judge(
      mechanism,
      await saslInOneLine(this.#connection, Object.assign(client, { initial })),
    );
  }

  notTaken(mechanisms: readonly Mechanism[]): LoginRefused {
    const words = this.#connection.quote(this.#lastRefusal?.reply.text ?? '');
    return new LoginRefused(
      'other',
      `${this.#connection.place} takes none of ${mechanisms.join(', ')}, the last answer was: ${words}`,
    );
  }

  #attempt(mechanism: Mechanism): Promise<LoginAttempt> {
    const { username, secret } = this.#login;
    if (mechanism === 'USER') return userPass(this.#connection, username, secret.value);
    if (mechanism === 'APOP') {
      return apop(this.#connection, username, secret.value, this.#offer.timestamp ?? '');
    }
    return this.#client(mechanism).then((client) => saslByChallenge(this.#connection, client));
  }

  async #client(mechanism: Exclude<Mechanism, 'USER' | 'APOP'>): Promise<SaslClient> {
    const { username, secret } = this.#login;
    const { address, clock, randomOctets } = this.#surroundings;
    switch (mechanism) {
      case 'PLAIN':
        return plain(username, secret.value);
      case 'LOGIN':
        return saslLogin(username, secret.value);
      case 'CRAM-MD5':
        return cramMd5(username, secret.value);
      case 'SCRAM-SHA-1':
        return scram('sha1', username, secret.value, randomOctets);
      case 'SCRAM-SHA-256':
        return scram('sha256', username, secret.value, randomOctets);
      case 'NTLM':
        return ntlm(username, secret.value, clock, randomOctets);
      case 'XOAUTH2':
        return xoauth2(username, secret.value);
      case 'OAUTHBEARER':
        return oauthBearer(username, secret.value, address);
    }
  }

  #judge(mechanism: Mechanism, attempt: LoginAttempt): boolean {
    const { reply, judged } = attempt;
    if (reply.status === 'ok') return true;
    if (!judged && reply.code === null) {
      this.#lastRefusal = attempt;
      return false;
    }
    throw loginRefused(this.#connection, attempt, {
      mechanism,
      chosen: this.#login.auth === 'auto',
      username: this.#login.username,
    });
  }
}

/** A chatty server may echo what it got in an earlier session, in a form that this one does not send. */
function formsOf({ username, secret: { value } }: MaildropLogin): readonly string[] {
  const { initial } = plain(username, value);
  return [value, Buffer.from(value, 'utf8').toString('base64'), initial.toString('base64')];
}

export function wishOf({ auth, secret, cleartextAllowed }: MaildropLogin): LoginWish {
  return { auth, credential: secret.kind, cleartextAllowed };
}
