import type { Clock } from '../clock.ts';
import { Failure } from '../failure.ts';

/** What ends a session from outside. */
export interface SessionBounds {
  readonly clock: Clock;
  /** Milliseconds since the epoch: bounds the whole session, a trickling server included. */
  readonly deadline: number;
  readonly signal: AbortSignal;
  /** Milliseconds without an octet while the server owes some. */
  readonly stallMs: number;
}

/** @param byServer whether the server kept silent; else somebody ended the session, or its time was up */
type Bite = (failure: Failure, byServer: boolean) => void;

/** Timers above this run at once (Node takes 32-bit milliseconds). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Bites once when the session has taken too long, has stalled, or is called off. */
export class Watchdog {
  private readonly bounds: SessionBounds;
  private readonly place: string;
  private readonly bite: Bite;
  private readonly onAbort: () => void;
  private deadlineTimer: NodeJS.Timeout | undefined;
  private readonly stallTimer: NodeJS.Timeout;
  private waiting = false;
  private stopped = false;

  constructor(bounds: SessionBounds, place: string, bite: Bite) {
    this.bounds = bounds;
    this.place = place;
    this.bite = bite;
    this.onAbort = () => {
      bite(new Failure('timeout', 'temporary', `session with ${place} called off`), false);
    };
    bounds.signal.addEventListener('abort', this.onAbort, { once: true });
    this.stallTimer = setTimeout(() => {
      this.stalled();
    }, bounds.stallMs);
    this.armDeadline();
  }

  /** The reason why a session must not even start; null when it may. */
  static refusal(bounds: SessionBounds, place: string): Failure | null {
    if (bounds.signal.aborted) {
      return new Failure(
        'timeout',
        'temporary',
        `session with ${place} called off before it began`,
      );
    }
    if (bounds.clock.now() < bounds.deadline) return null;
    return new Failure('timeout', 'temporary', `no time left for a session with ${place}`);
  }

  /** The server owes octets: the time to the next one runs from now. */
  expect(): void {
    // `refresh` would bring a cleared timer back to life.
    if (this.stopped) return;
    this.waiting = true;
    this.stallTimer.refresh();
  }

  /** The server owes nothing, or we do not listen. */
  rest(): void {
    this.waiting = false;
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.deadlineTimer);
    clearTimeout(this.stallTimer);
    this.bounds.signal.removeEventListener('abort', this.onAbort);
  }

  private stalled(): void {
    if (!this.waiting) return;
    this.bite(
      new Failure(
        'timeout',
        'temporary',
        `expected an answer from ${this.place}, got nothing for ${this.bounds.stallMs} ms`,
      ),
      true,
    );
  }

  private armDeadline(): void {
    const left = this.bounds.deadline - this.bounds.clock.now();
    this.deadlineTimer = setTimeout(
      () => {
        this.checkDeadline();
      },
      Math.min(Math.max(left, 1), LONGEST_TIMER_MS),
    );
  }

  private checkDeadline(): void {
    if (this.bounds.clock.now() < this.bounds.deadline) {
      this.armDeadline();
      return;
    }
    this.bite(
      new Failure('timeout', 'temporary', `session with ${this.place} reached its time limit`),
      false,
    );
  }
}
