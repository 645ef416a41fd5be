const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * Time between attempts, growing: most temporary refusals (greylisting, a restart) are over in minutes, the rest
 * takes hours, and RFC 5321 section 4.5.4.1 asks not to hammer. Beyond the last, the last.
 */
const GAPS: readonly number[] = [
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  8 * HOUR,
  12 * HOUR,
];

/** Spread around each gap, so that what was put off together does not come back together. */
const JITTER = 0.1;

/**
 * When to try again.
 * @param deferrals how often it was put off before
 * @param giveUpAt no later than this: the last attempt is made then
 * @param chance a number in [0, 1)
 */
export function nextAttempt(
  deferrals: number,
  now: number,
  giveUpAt: number,
  chance: number,
): number {
  const gap = GAPS[Math.min(deferrals, GAPS.length - 1)] ?? 12 * HOUR;
  const spread = Math.round(gap * JITTER * (2 * chance - 1));
  // The very last attempt lies at the end itself, but never sooner than the first gap from now.
  return Math.max(Math.min(now + gap + spread, giveUpAt), now + MINUTE);
}
