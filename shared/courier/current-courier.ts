import type { Clock } from '../clock.ts';
import { SES_RECIPIENTS } from '../limits.ts';
import type { Log } from '../observe/log.ts';
import { destinationOf } from '../settings/destination.ts';
import type { DeliverySettings, Secrets, SesDelivery, SmtpDelivery } from '../settings/settings.ts';
import type { Courier } from './courier.ts';
import { lazyCourier } from './lazy-courier.ts';
import { smtpCourier } from './smtp-courier.ts';

export interface CurrentCourierOptions {
  readonly secrets: Secrets;
  readonly helloName: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** The courier for the destination as it is configured now: kept while that stays the same, so that its sessions are reused. */
export class CurrentCourier {
  readonly #options: CurrentCourierOptions;
  #current: { readonly identity: string; readonly courier: Courier } | null = null;
  readonly #closing: Promise<void>[] = [];

  constructor(options: CurrentCourierOptions) {
    this.#options = options;
  }

  for(delivery: DeliverySettings): Courier {
    const identity = JSON.stringify(delivery);
    if (this.#current?.identity === identity) return this.#current.courier;
    // What the old one is sending goes on; its close waits for that.
    if (this.#current !== null) this.#closing.push(this.#current.courier.close());
    const courier =
      delivery.transport === 'ses' ? this.#sesCourier(delivery) : this.#smtpCourier(delivery);
    this.#current = { identity, courier };
    return courier;
  }

  async close(): Promise<void> {
    if (this.#current !== null) this.#closing.push(this.#current.courier.close());
    this.#current = null;
    await Promise.all(this.#closing);
  }

  #smtpCourier(delivery: SmtpDelivery): Courier {
    const { helloName, clock, log } = this.#options;
    return smtpCourier({
      server: delivery.smtp,
      lmtp: delivery.transport === 'lmtp',
      login: this.#loginFor(delivery),
      concurrency: delivery.concurrency,
      helloName,
      clock,
      log,
    });
  }

  /** Most go by SMTP, and need none of its code. */
  #sesCourier(delivery: SesDelivery): Courier {
    const { ses, sender } = delivery;
    return lazyCourier(SES_RECIPIENTS, async () => {
      const { sesCourier } = await import('./ses-courier.ts');
      return sesCourier({
        ...ses,
        feedback: sender === 'original' ? ses.from : sender,
        host: destinationOf(delivery).host,
        clock: this.#options.clock,
      });
    });
  }

  #loginFor({ smtp }: SmtpDelivery) {
    const { username, password } = smtp;
    if (username === null || password === null) return null;
    return async () => ({ username, password: await this.#options.secrets.read(password) });
  }
}
