import type { Random } from '../../shared/clock.ts';
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS } from '../../shared/limits.ts';

/** Doublings after which the longest pause is reached by far: higher powers would only leave the range of numbers. */
const MOST_DOUBLINGS = 16;
/** Spreads those that failed together, as when a provider was down for all of its mailboxes. */
const JITTER = 0.2;

/** The pause after so many failed runs in a row, at most an hour. Milliseconds. */
export function retryGapMs(failures: number, random: Random): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, MOST_DOUBLINGS);
  const longest = Math.min(BACKOFF_FIRST_MS * 2 ** doublings, BACKOFF_MAX_MS);
  return Math.round(longest * (1 - JITTER * random()));
}
