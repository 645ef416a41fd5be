import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';

import type { Clock, RandomOctets } from '../clock.ts';
import { Failure } from '../failure.ts';
import { POP3_PROBE_MS, POP3_STALL_MS } from '../limits.ts';
import { apopTimestamp } from './apop.ts';
import { authenticate, checkLogin, wishOf } from './authenticate.ts';
import { capabilityLines, loginDelayMs, readCapabilities } from './capa.ts';
import { Connection } from './connection.ts';
import type {
  MaildropAddress,
  MaildropExaminer,
  MaildropLogin,
  MaildropOpener,
  ServerOffer,
  SessionLimits,
  SessionObserver,
} from './maildrop.ts';
import { chooseMechanisms } from './mechanism-choice.ts';
import type { LoginOffer, LoginWish } from './mechanism-choice.ts';
import type { PipeliningMemory } from './pipelining.ts';
import { agreeOnPipelining } from './pipelining.ts';
import { takeLeave } from './quit.ts';
import { Pop3Session } from './session.ts';
import { connectSecurely, startTls } from './stls.ts';
import type { CertificateChecks } from './stls.ts';
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
export class Pop3Opener implements MaildropOpener, MaildropExaminer {
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

  async probe(
    address: MaildropAddress,
    wish: LoginWish,
    limits: SessionLimits,
    verify: boolean,
  ): Promise<void> {
    const bounds = { clock: this.clock, stallMs: this.stallMs, ...limits };
    const connection = begin(address, bounds, this.reaching);
    try {
      await meet(connection, address, wish, limits.observer, verify);
      await takeLeave(connection);
    } finally {
      connection.fail(new Failure('connect', 'temporary', `${connection.place} was looked at`));
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
      const offer = await meet(connection, address, wishOf(login), limits.observer);
      const before = offer.capabilities;
      await askForUtf8(connection, before);
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

/**
 * All that comes before a login: connection, TLS, greeting and CAPA.
 * @param verify false: for a look at the certificate, after which no credential may follow
 */
async function meet(
  connection: Connection,
  address: MaildropAddress,
  wish: LoginWish,
  observer: SessionObserver | undefined,
  verify = true,
): Promise<LoginOffer> {
  const checks = { verify, onSecured: observer?.secured.bind(observer) };
  const greeting = await connect(connection, address, checks);
  observer?.greeted(connection.quote(greeting.text));
  if (address.tls === 'starttls') await startTls(connection, address, checks);
  const capabilities = await readCapabilities(connection);
  const timestamp = apopTimestamp(greeting);
  const offer = { capabilities, timestamp, encrypted: address.tls !== 'none' };
  observer?.offered(offerSeen(wish, offer));
  return offer;
}

function offerSeen(wish: LoginWish, offer: LoginOffer): ServerOffer {
  const { mechanisms, obstacle } = chooseMechanisms(wish, offer);
  return {
    capabilities: capabilityLines(offer.capabilities),
    mechanism: mechanisms[0] ?? null,
    obstacle,
    loginDelayMs: loginDelayMs(offer.capabilities),
  };
}

/** @returns the greeting */
async function connect(
  connection: Connection,
  address: MaildropAddress,
  checks: CertificateChecks,
): Promise<StatusLine> {
  if (address.tls === 'implicit') await connectSecurely(connection, address, checks);
  else await connection.connect(address.host, address.port);
  const greeting = await connection.greeting();
  if (greeting.status === 'ok') return greeting;
  throw new Failure(
    'connect',
    greeting.code === 'SYS/PERM' ? 'permanent' : 'temporary',
    `expected ${connection.place} to greet, got: ${connection.quote(inFull(greeting))}`,
  );
}
