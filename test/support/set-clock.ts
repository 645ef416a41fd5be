import type { Clock } from '../../shared/clock.ts';

/** A clock that stands still until it is set. */
export class SetClock implements Clock {
  #now: number;

  constructor(now = Date.UTC(2026, 2, 1, 12)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
