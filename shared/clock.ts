/** Time and chance are passed in, so that a test decides both. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** A number in [0, 1), as `Math.random`. */
export type Random = () => number;

/** Octets that nobody can guess, as `randomBytes`. */
export type RandomOctets = (count: number) => Buffer;

/** A string nobody else uses: lease owners and claim tokens. */
export type NewToken = () => string;
