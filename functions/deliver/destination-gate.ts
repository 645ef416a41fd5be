import type { Clock, NewToken } from '../../shared/clock.ts';
import type { HandOver } from '../../shared/courier/courier.ts';
import { asFailure } from '../../shared/failure.ts';
import type { DestinationRecord } from '../../shared/ledger/destination-record.ts';
import {
  askDestination,
  isClean,
  tellDestination,
} from '../../shared/ledger/destination-transitions.ts';
import type { Access } from '../../shared/ledger/destination-transitions.ts';
import type { DestinationLedger, Transition } from '../../shared/ledger/ledger.ts';
import { CLAIM_GRACE_MS, DELIVERY_ATTEMPT_MS, DESTINATION_CACHE_MS } from '../../shared/limits.ts';
import type { Log } from '../../shared/observe/log.ts';
import type { Metrics } from '../../shared/observe/metrics.ts';
import { destinationOf } from '../../shared/settings/destination.ts';
import type { Destination } from '../../shared/settings/destination.ts';
import type { DeliverySettings } from '../../shared/settings/settings.ts';

export interface DestinationGateOptions {
  readonly ledger: DestinationLedger;
  readonly newToken: NewToken;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type Found = Pick<HandOver, 'destination' | 'replies'>;

/** Leave to try the destination; give it back with {@link Passage.tell}, whatever happens. */
export interface Passage {
  /** What the courier found out; a second call does nothing. */
  tell(found: Found): Promise<void>;
  /** The delivery found nothing out. After `tell` it does nothing. */
  leave(): Promise<void>;
}

/** The destination is down: nothing is tried before `until`. */
export interface Withholding extends Pick<DownAccess, 'until' | 'fault'> {
  readonly host: string;
}

type DownAccess = Extract<Access, { kind: 'down' }>;

export type Admission = { readonly passage: Passage } | Withholding;

/**
 * The circuit breaker in front of the destination: after a few tries that found it down, all mail is put off, and after
 * a pause one message finds out for all. Its state lies in the ledger, so that all processes share it, and `status`
 * shows it; a process that found the destination well asks the ledger only now and then.
 */
export class DestinationGate {
  readonly #options: DestinationGateOptions;
  /** The probe of this process: others wait for what it finds rather than for a fixed time. */
  #probing: Promise<void> | null = null;
  /** The destination that was found well, and until when that is believed. */
  #well = { identity: '', until: 0 };

  constructor(options: DestinationGateOptions) {
    this.#options = options;
  }

  /** @throws Failure `ledger` */
  async enter(delivery: DeliverySettings): Promise<Admission> {
    const destination = destinationOf(delivery);
    for (;;) {
      const token = this.#options.newToken();
      if (this.#isWell(destination)) return { passage: this.#passage(destination, token) };
      const now = this.#options.clock.now();
      const until = now + DELIVERY_ATTEMPT_MS + CLAIM_GRACE_MS;
      const ask = askDestination({ identity: destination.identity, token, now, until });
      const access = await this.#change(destination, ask);
      if (access.kind === 'go') return { passage: this.#passage(destination, token) };
      if (access.kind === 'probe') return { passage: this.#probe(destination, token) };
      if (this.#probing === null) return { ...access, host: destination.host };
      await this.#probing;
    }
  }

  #passage(destination: Destination, token: string): Passage {
    return {
      tell: (handOver) => this.#tell(destination, token, handOver),
      leave: () => Promise.resolve(),
    };
  }

  #probe(destination: Destination, token: string): Passage {
    let over: () => void = () => undefined;
    this.#probing = new Promise((resolve) => {
      over = resolve;
    });
    const end = (sign: Found): Promise<void> =>
      this.#tell(destination, token, sign).finally(() => {
        this.#probing = null;
        over();
      });
    let told: Promise<void> | null = null;
    return {
      tell: (handOver) => (told ??= end(handOver)),
      leave: () => (told ??= end({ destination: 'unclear', replies: [] })),
    };
  }

  /** Where it cannot be written, the delivery counts all the same; the next one finds out anew. */
  async #tell(destination: Destination, token: string, found: Found): Promise<void> {
    if (found.destination === 'works' && this.#isWell(destination)) return;
    const { clock, log, metrics } = this.#options;
    const { host } = destination;
    const fault = found.replies[0]?.text ?? '';
    const sign = found.destination;
    const told = { ...destination, token, sign, fault, now: clock.now() };
    try {
      const change = await this.#change(destination, tellDestination(told));
      if (change === 'down')
        log.error('destination is down, all mail for it waits', { host, fault });
      if (change === 'back') log.info('destination is back', { host });
      if (change === 'down' || change === 'stillDown') await metrics.publish('DestinationDown', 1);
    } catch (error) {
      const { message } = asFailure(error);
      log.error('state of the destination not written', { host, error: message });
    }
  }

  async #change<Answer>(
    { identity }: Destination,
    transition: Transition<DestinationRecord, Answer>,
  ): Promise<Answer> {
    const { ledger, clock } = this.#options;
    const { answer, isWell } = await ledger.change((stored) => {
      const { store, answer } = transition(stored);
      const record = store ?? stored;
      const isWell = record?.identity !== identity || isClean(record);
      return { store, answer: { answer, isWell } };
    });
    this.#well = { identity, until: isWell ? clock.now() + DESTINATION_CACHE_MS : 0 };
    return answer;
  }

  #isWell({ identity }: Destination): boolean {
    return this.#well.identity === identity && this.#options.clock.now() < this.#well.until;
  }
}
