import { Failure } from '../../failure.ts';
import { POP3_AUTH_COMMAND_OCTETS } from '../../limits.ts';
import { LoginRefused } from '../../login-refused.ts';
import type { Connection } from '../connection.ts';
import type { LoginAttempt } from '../login-attempt.ts';
import { isUnknownCommand } from '../login-attempt.ts';
import type { StatusLine } from '../status-line.ts';
import type { SaslClient } from './sasl-client.ts';
import { SaslFault } from './sasl-client.ts';

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * AUTH (RFC 5034) by challenge: every server has to take that form, while some (Outlook among them) drop a connection
 * that sends the response along. A server that refuses it has seen nothing of us but the mechanism's name.
 */
export async function saslByChallenge(
  connection: Connection,
  client: SaslClient,
): Promise<LoginAttempt> {
  const line = `AUTH ${client.mechanism}`;
  const reply = await connection.send({ line, name: line, challenge: true });
  if (reply.status === 'error') return { reply, judged: false };
  if (reply.status === 'ok' && client.startsAtOk !== true) throw unasked(connection, client);
  const exchange = new SaslExchange(connection, client);
  return client.initial === null
    ? exchange.answer(reply)
    : exchange.say(client.initial, client.anonymousStart !== true);
}

/**
 * AUTH with an initial response (RFC 5034 section 4), for servers that know no other form.
 * @throws LoginRefused `other` when the response is too long for that
 */
export async function saslInOneLine(
  connection: Connection,
  client: SaslClient & { readonly initial: Buffer },
): Promise<LoginAttempt> {
  const name = `AUTH ${client.mechanism}`;
  // RFC 5034 section 4: an empty response is written `=` here, and as an empty line elsewhere.
  const response = client.initial.toString('base64') || '=';
  const line = `${name} ${response}`;
  if (Buffer.byteLength(line) + 2 > POP3_AUTH_COMMAND_OCTETS && client.longInitial !== true) {
    throw new LoginRefused(
      'other',
      `${connection.place} refused ${name}, and user name and password are too long for its one-line form`,
    );
  }
  connection.hide([response]);
  const reply = await connection.send({ line, name, challenge: true });
  const named = client.anonymousStart !== true && !isUnknownCommand(reply);
  return new SaslExchange(connection, client).go(reply, named);
}

class SaslExchange {
  readonly #connection: Connection;
  readonly #client: SaslClient;
  readonly #name: string;

  constructor(connection: Connection, client: SaslClient) {
    this.#connection = connection;
    this.#client = client;
    this.#name = `AUTH ${client.mechanism}`;
  }

  /** @param named whether the server knows from this response who asks */
  async say(response: Buffer, named: boolean): Promise<LoginAttempt> {
    const line = response.toString('base64');
    this.#connection.hide([line]);
    return this.go(await this.#connection.send({ line, name: this.#name, challenge: true }), named);
  }

  async go(reply: StatusLine, named: boolean): Promise<LoginAttempt> {
    if (reply.status === 'continue') return this.answer(reply);
    if (reply.status === 'ok') await this.#checked(() => this.#client.finish?.());
    return { reply, judged: named, detail: this.#client.detail ?? null };
  }

  async answer(challenge: StatusLine): Promise<LoginAttempt> {
    const response = await this.#checked(() => this.#client.respond(decoded(challenge)), true);
    return this.say(response, true);
  }

  /** A fault of the server ends the login; where it waits for a response it gets the one that cancels. */
  async #checked<T>(step: () => T | Promise<T>, waiting = false): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof SaslFault)) throw error;
      if (waiting) await this.#cancel();
      throw this.#failure(error);
    }
  }

  /** RFC 5034 section 4. Whatever comes back, this login is over. */
  async #cancel(): Promise<void> {
    const sent = this.#connection.send({ line: '*', name: this.#name, challenge: true });
    await sent.catch(() => undefined);
  }

  #failure({ message, genuine }: SaslFault): Failure {
    const { place } = this.#connection;
    const text = `${this.#name} with ${place}: ${this.#connection.quote(message)}`;
    return genuine
      ? new Failure('protocol', 'temporary', text)
      : new Failure('login', 'permanent', text);
  }
}

function decoded({ text }: StatusLine): Buffer {
  const base64 = text.trim();
  if (BASE64.test(base64)) return Buffer.from(base64, 'base64');
  throw new SaslFault('expected a challenge in base64, got something else');
}

function unasked(connection: Connection, { mechanism }: SaslClient): Failure {
  return new Failure(
    'protocol',
    'temporary',
    `expected a challenge or -ERR to AUTH ${mechanism} from ${connection.place}, got +OK without a secret`,
  );
}
