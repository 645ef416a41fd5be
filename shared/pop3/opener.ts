import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';

import type { Clock, RandomOctets } from '../clock.ts';
import { Failure } from '../failure.ts';
import { POP3_STALL_MS } from '../limits.ts';
import { apopTimestamp } from './apop.ts';
import { authenticate, checkLogin } from './authenticate.ts';
import type { Capabilities } from './capa.ts';
import { readCapabilities } from './capa.ts';
import { Connection } from './connection.ts';
import type { MaildropAddress, MaildropLogin, MaildropOpener } from './maildrop.ts';
import { Pop3Session } from './session.ts';
import { connectSecurely, startTls } from './stls.ts';
import type { StatusLine } from './status-line.ts';
import type { Reaching } from './transport.ts';
import type { SessionBounds } from './watchdog.ts';
import { Watchdog } from './watchdog.ts';

interface OpenerOptions extends Reaching {
  readonly stallMs?: number;
  readonly randomOctets?: RandomOctets;
}

/** Opens maildrops over TCP and TLS. */
export class Pop3Opener implements MaildropOpener {
  private readonly clock: Clock;
  private readonly stallMs: number;
  private readonly reaching: Reaching;
  private readonly randomOctets: RandomOctets;

  /** @param options.stallMs milliseconds without an octet while the server owes some, connecting included */
  constructor(clock: Clock, options: OpenerOptions = {}) {
    this.clock = clock;
    this.reaching = options;
    this.stallMs = options.stallMs ?? POP3_STALL_MS;
    this.randomOctets = options.randomOctets ?? randomBytes;
  }

  async open(
    address: MaildropAddress,
    login: MaildropLogin,
    limits: { readonly deadline: number; readonly signal: AbortSignal },
  ): Promise<Pop3Session> {
    checkLogin(address, login);
    const bounds = { clock: this.clock, stallMs: this.stallMs, ...limits };
    const connection = begin(address, bounds, this.reaching);
    try {
      const greeting = await connect(connection, address);
      const before = await readCapabilities(connection);
      const offer = {
        capabilities: before,
        timestamp: apopTimestamp(greeting),
        encrypted: address.tls !== 'none',
      };
      const { clock, randomOctets } = this;
      const surroundings = { address, clock, randomOctets };
      const mechanism = await authenticate(connection, login, offer, surroundings);
      const capabilities = await capabilitiesAfterLogin(connection, before);
      return new Pop3Session(connection, capabilities, mechanism);
    } catch (error) {
      const { place } = connection;
      connection.fail(new Failure('connect', 'temporary', `session with ${place} not opened`));
      throw error;
    }
  }
}

function begin(address: MaildropAddress, bounds: SessionBounds, reaching: Reaching): Connection {
  const host = isIPv6(address.host) ? `[${address.host}]` : address.host;
  const place = `${host}:${address.port}`;
  const refusal = Watchdog.refusal(bounds, place);
  if (refusal !== null) throw refusal;
  return new Connection(bounds, place, reaching);
}

/** @returns the greeting */
async function connect(connection: Connection, address: MaildropAddress): Promise<StatusLine> {
  if (address.tls === 'implicit') await connectSecurely(connection, address);
  else await connection.connect(address.host, address.port);
  const greeting = await connection.greeting();
  if (greeting.status !== 'ok') {
    throw new Failure(
      'connect',
      'temporary',
      `expected ${connection.place} to greet, got: ${connection.quote(greeting.text)}`,
    );
  }
  if (address.tls === 'starttls') await startTls(connection, address);
  return greeting;
}

/**
 * Some servers offer PIPELINING only once logged in. Where it is offered before, the second question would cost a
 * round trip and tell nothing.
 */
async function capabilitiesAfterLogin(
  connection: Connection,
  before: Capabilities | null,
): Promise<Capabilities | null> {
  const capabilities =
    before === null || before.has('PIPELINING')
      ? before
      : ((await readCapabilities(connection)) ?? before);
  connection.pipelining = capabilities?.has('PIPELINING') === true;
  return capabilities;
}
