/**
 * Failures of one cause, in a window of time: the first are told one by one, the others together. Times are
 * milliseconds since the epoch.
 */
export interface CauseRecord {
  /** Who is told. */
  readonly to: string;
  /** What happened, in words that fit all of them. */
  readonly words: string;
  /** When the window began. */
  readonly since: number;
  /** Failures told by a notice each (`<key> <time>`), in their order. */
  readonly single: readonly string[];
  /** Not told yet. */
  readonly further: ToldTogether;
  /** Being told just now, under this number: written down first, so that a second try tells the same. */
  readonly telling: ToldTogether | null;
  /** How many summaries were sent in this window. */
  readonly told: number;
}

export interface ToldTogether {
  /** The first of them, `<key> <time>`. */
  readonly failures: readonly string[];
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}
