import type { Clock } from '../clock.ts';
import { asFailure } from '../failure.ts';
import { RECIPIENTS_PER_TRANSACTION } from '../limits.ts';
import type { Log } from '../observe/log.ts';
import type { Transport } from '../settings/settings.ts';
import type { Courier, HandOver, Parcel } from './courier.ts';
import { DEADLINES, type Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import { wantsOwnTransaction } from './permanence.ts';
import { refusal, sessionVerdict, type Verdict } from './reply-classification.ts';
import type { ServerFeatures } from './server-features.ts';
import { SessionFailure } from './session-failure.ts';
import { SessionPool } from './session-pool.ts';
import { SmtpSession, type Credentials } from './smtp-session.ts';
import { Transcript } from './transcript.ts';
import { smtpUtf8Missing, wireAddress, type WireAddress } from './wire-address.ts';

export interface SmtpCourierOptions {
  readonly server: Transport;
  /** LMTP (RFC 2033): one reply for each recipient after the message. */
  readonly lmtp: boolean;
  /** Asked whenever a connection is opened; null: no AUTH. */
  readonly login: (() => Promise<Credentials>) | null;
  /** Connections at once. */
  readonly concurrency: number;
  /** Our name in EHLO or LHLO (RFC 5321 section 4.1.4: a domain name, or an address literal). */
  readonly helloName: string;
  readonly clock: Clock;
  readonly log?: Log;
  readonly deadlines?: Partial<Deadlines>;
}

/** The courier for an SMTP or LMTP server, with a pool of connections. */
export function smtpCourier(options: SmtpCourierOptions): Courier {
  const deadlines = { ...DEADLINES, ...options.deadlines };
  const { server, clock, log } = options;
  const pool = new SessionPool({
    open: (transcript, until) => SmtpSession.open({ ...options, deadlines }, transcript, until),
    concurrency: options.concurrency,
    idleMs: deadlines.idleMs,
    clock,
  });
  const host = `${server.host}:${server.port}`;
  return {
    recipientsAtOnce: RECIPIENTS_PER_TRANSACTION,
    async deliver(parcel): Promise<HandOver> {
      const run = new DeliveryRun(pool, parcel, clock.now() + deadlines.deliveryMs);
      const verdicts = await run.verdicts((fault) => {
        log?.warn('no session with the mail server', { host, reason: fault });
      });
      const replies = parcel.envelope.recipients.map((address, index) => {
        const verdict = verdicts[index] ?? sessionVerdict('no reply', null);
        return { address, ...verdict, host };
      });
      return {
        destination: run.destination,
        divisible: false,
        crowdedOut: replies.filter(wantsOwnTransaction).map(({ address }) => address),
        replies,
        transcript: run.transcript.lines(),
      };
    },
    close: () => pool.close(),
  };
}

/** What the server is told of a recipient, and where in the envelope it stands; the same address twice goes once. */
interface Addressed extends WireAddress {
  readonly indexes: number[];
}

/** One `deliver()`: one transaction, on a kept session or a new one. */
class DeliveryRun {
  readonly transcript = new Transcript();
  /** Nobody was asked yet. */
  destination: HandOver['destination'] = 'unclear';
  readonly #pool: SessionPool;
  readonly #parcel: Parcel;
  readonly #until: number;
  readonly #verdicts: Verdict[] = [];

  constructor(pool: SessionPool, parcel: Parcel, until: number) {
    this.#pool = pool;
    this.#parcel = parcel;
    this.#until = until;
  }

  /** One for each recipient of the envelope, in its order. */
  async verdicts(sessionFailed: (reason: string) => void): Promise<readonly Verdict[]> {
    const addressed = this.#address();
    const sender = wireAddress(this.#parcel.envelope.mailFrom, 'sender');
    if ('verdict' in sender) {
      this.#settle(addressed, sender);
      return this.#verdicts;
    }
    if (addressed.length === 0) return this.#verdicts;
    const fault = await this.#carry(sender, addressed, false);
    if (fault !== null) {
      this.#settle(addressed, sessionVerdict(fault.message, fault.reply));
      sessionFailed(fault.message);
    }
    return this.#verdicts;
  }

  #address(): Addressed[] {
    const known = new Map<string, Addressed>();
    this.#parcel.envelope.recipients.forEach((recipient, index) => {
      const address = wireAddress(recipient, 'recipient');
      if ('verdict' in address) {
        this.#verdicts[index] = address;
        return;
      }
      const before = known.get(address.wire);
      if (before) before.indexes.push(index);
      else known.set(address.wire, { ...address, indexes: [index] });
    });
    return [...known.values()];
  }

  /** @returns why there was no session, or null when every recipient has its verdict */
  async #carry(
    sender: WireAddress,
    batch: readonly Addressed[],
    again: boolean,
  ): Promise<SessionFailure | null> {
    let session: SmtpSession;
    try {
      session = await this.#pool.borrow(this.transcript, this.#until, again);
    } catch (error) {
      if (error instanceof SessionFailure) {
        this.destination = 'down';
        return error;
      }
      // Our own pool's: closed, or no connection came free in time.
      return new SessionFailure('connect', asFailure(error).message, null, error);
    }
    const reused = session.served > 0;
    const sendable = this.#sendable(sender, batch, session.features);
    if (sendable.length === 0) {
      this.destination = 'works';
      this.#pool.release(session);
      return null;
    }
    const exchange = await session.carry(
      {
        id: this.#parcel.id,
        mailFrom: sender.wire,
        recipients: sendable.map((one) => one.wire),
        size: this.#parcel.size,
        eightBit: this.#parcel.eightBit,
        content: this.#parcel.content,
      },
      this.transcript,
      this.#until,
    );
    const dead = !session.alive;
    this.#pool.release(session);
    // An idle session that the server had ended: nothing was handed over, so trying again makes no second copy.
    if (dead && reused && !again && exchange.untouched) {
      this.transcript.event('the kept connection was dead; trying once on a new one');
      return this.#carry(sender, batch, true);
    }
    this.destination = signOf(exchange, dead);
    exchange.verdicts().forEach((verdict, index) => {
      const one = sendable[index];
      if (one) this.#settle([one], verdict);
    });
    return null;
  }

  /** Settles those whom this server can not be given, and returns the others. */
  #sendable(
    sender: WireAddress,
    batch: readonly Addressed[],
    features: ServerFeatures,
  ): readonly Addressed[] {
    const { size } = this.#parcel;
    if (features.maxSize !== null && size > features.maxSize) {
      const text = `message of ${size} octets, the server takes ${features.maxSize} (SIZE, RFC 1870)`;
      this.#settle(batch, refusal(552, '5.3.4', text));
      return [];
    }
    if (features.smtpUtf8) return batch;
    if (sender.needsSmtpUtf8) {
      this.#settle(batch, smtpUtf8Missing('sender'));
      return [];
    }
    this.#settle(
      batch.filter((one) => one.needsSmtpUtf8),
      smtpUtf8Missing('recipient'),
    );
    return batch.filter((one) => !one.needsSmtpUtf8);
  }

  #settle(recipients: readonly Addressed[], verdict: Verdict): void {
    for (const { indexes } of recipients) {
      for (const index of indexes) this.#verdicts[index] = verdict;
    }
  }
}

/** @param dead the session did not survive the exchange */
function signOf(exchange: Exchange, dead: boolean): HandOver['destination'] {
  if ((dead && exchange.untouched) || exchange.sessionRefused) return 'down';
  // A session that broke off later may have met its end over this one message.
  return dead && !exchange.complete ? 'unclear' : 'works';
}
