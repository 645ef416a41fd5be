import type { Clock } from '../clock.ts';

/**
 * The one timer of a session's current wait. Each sign of progress sets it anew; a socket's own time-out would also
 * be put off by a server that sends an octet now and then and never a whole reply.
 */
export class ProgressWatch {
  readonly #clock: Clock;
  readonly #expired: (text: string) => void;
  #until = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param expired told what was waited for, and how long, in words */
  constructor(clock: Clock, expired: (text: string) => void) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** No wait goes beyond this time (milliseconds since the epoch), whatever progress there is. */
  endBy(until: number): void {
    this.#until = until;
  }

  expect(what: string, ms: number): void {
    clearTimeout(this.#timer);
    const left = Math.max(0, this.#until - this.#clock.now());
    const wait = Math.min(ms, left);
    const text =
      left < ms ? `time for the delivery ended waiting for ${what}` : `no ${what} within ${ms} ms`;
    this.#timer = setTimeout(() => {
      this.#expired(text);
    }, wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
