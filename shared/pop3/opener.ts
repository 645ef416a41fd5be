import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';

import type { Clock, RandomOctets } from '../clock.ts';
import { Failure } from '../failure.ts';
import { POP3_PROBE_MS, POP3_STALL_MS } from '../limits.ts';
import { apopTimestamp } from './apop.ts';
import { authenticate, checkLogin } from './authenticate.ts';
import { readCapabilities } from './capa.ts';
import { Connection } from './connection.ts';
import type { MaildropAddress, MaildropLogin, MaildropOpener, SessionLimits } from './maildrop.ts';
import type { PipeliningMemory } from './pipelining.ts';
import { agreeOnPipelining } from './pipelining.ts';
import { Pop3Session } from './session.ts';
import { connectSecurely, startTls } from './stls.ts';
import { inFull } from './status-line.ts';
import type { StatusLine } from './status-line.ts';
import type { Reaching } from './transport.ts';
import { askForUtf8 } from './utf8.ts';
import type { SessionBounds } from './watchdog.ts';
import { Watchdog } from './watchdog.ts';

interface OpenerOptions extends Reaching {
  readonly stallMs?: number;
  /** Milliseconds for the answers to two commands that were sent together. */
  readonly probeMs?: number;
  readonly randomOctets?: RandomOctets;
}

const NO_MEMORY: PipeliningMemory = { mayProbe: true, broke: () => undefined };

/** Opens maildrops over TCP and TLS. */
export class Pop3Opener implements MaildropOpener {
  private readonly clock: Clock;
  private readonly stallMs: number;
  private readonly probeMs: number;
  private readonly reaching: Reaching;
  private readonly randomOctets: RandomOctets;

  /** @param options.stallMs milliseconds without an octet while the server owes some, connecting included */
  constructor(clock: Clock, options: OpenerOptions = {}) {
    this.clock = clock;
    this.reaching = options;
    this.stallMs = options.stallMs ?? POP3_STALL_MS;
    this.probeMs = options.probeMs ?? POP3_PROBE_MS;
    this.randomOctets = options.randomOctets ?? randomBytes;
  }

  async open(
    address: MaildropAddress,
    login: MaildropLogin,
    limits: SessionLimits,
  ): Promise<Pop3Session> {
    checkLogin(address, login);
    const memory = limits.pipelining ?? NO_MEMORY;
    if (!memory.mayProbe) return this.openOnce(address, login, limits, memory);
    const probe = { broke: false };
    const noticing = {
      mayProbe: true,
      broke: () => {
        probe.broke = true;
        memory.broke();
      },
    };
    try {
      return await this.openOnce(address, login, limits, noticing);
    } catch (error) {
      // Nothing but the probe was at stake: the same again without it, in the time that is left.
      if (probe.broke)
        return this.openOnce(address, login, limits, { ...noticing, mayProbe: false });
      throw error;
    }
  }

  private async openOnce(
    address: MaildropAddress,
    login: MaildropLogin,
    limits: SessionLimits,
    memory: PipeliningMemory,
  ): Promise<Pop3Session> {
    const bounds = { clock: this.clock, stallMs: this.stallMs, ...limits };
    const connection = begin(address, bounds, this.reaching);
    try {
      const greeting = await connect(connection, address);
      const before = await readCapabilities(connection);
      await askForUtf8(connection, before);
      const offer = {
        capabilities: before,
        timestamp: apopTimestamp(greeting),
        encrypted: address.tls !== 'none',
      };
      const { clock, randomOctets } = this;
      const surroundings = { address, clock, randomOctets };
      const mechanism = await authenticate(connection, login, offer, surroundings);
      const agreement = await agreeOnPipelining(connection, before, memory, this.probeMs);
      return new Pop3Session(connection, agreement, mechanism);
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
      greeting.code === 'SYS/PERM' ? 'permanent' : 'temporary',
      `expected ${connection.place} to greet, got: ${connection.quote(inFull(greeting))}`,
    );
  }
  if (address.tls === 'starttls') await startTls(connection, address);
  return greeting;
}
