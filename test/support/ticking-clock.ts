import { systemClock } from '../../shared/clock.ts';
import type { Clock } from '../../shared/clock.ts';

/** The system's time, which a test may set forward. */
export class TickingClock implements Clock {
  #ahead = 0;

  now(): number {
    return systemClock.now() + this.#ahead;
  }

  advance(ms: number): void {
    this.#ahead += ms;
  }
}
