import type { Clock } from '../clock.ts';
import type { Courier } from './courier.ts';
import { smtpCourier } from './smtp-courier.ts';
import type { Log } from '../observe/log.ts';
import type { DeliverySettings, Secrets } from '../settings/settings.ts';

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
    const identity = JSON.stringify([delivery.transport, delivery.smtp, delivery.concurrency]);
    if (this.#current?.identity === identity) return this.#current.courier;
    // What the old one is sending goes on; its close waits for that.
    if (this.#current !== null) this.#closing.push(this.#current.courier.close());
    const courier = smtpCourier({
      server: delivery.smtp,
      lmtp: delivery.transport === 'lmtp',
      login: this.#loginFor(delivery),
      concurrency: delivery.concurrency,
      helloName: this.#options.helloName,
      clock: this.#options.clock,
      log: this.#options.log,
    });
    this.#current = { identity, courier };
    return courier;
  }

  async close(): Promise<void> {
    if (this.#current !== null) this.#closing.push(this.#current.courier.close());
    this.#current = null;
    await Promise.all(this.#closing);
  }

  #loginFor({ smtp }: DeliverySettings) {
    const { username, password } = smtp;
    if (username === null || password === null) return null;
    return async () => ({ username, password: await this.#options.secrets.read(password) });
  }
}
