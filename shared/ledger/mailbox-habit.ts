import {
  HABIT_LEAST_GAPS,
  HABIT_PERIOD_MS,
  HABIT_WARMUP_MS,
  SILENCE_FACTOR,
  SILENCE_LEAST_MS,
  UNSEEN_MS,
} from '../limits.ts';
import type { RunResult } from './mailbox-record.ts';
import type { MailboxNews } from './mailbox-trouble.ts';

/** For how long a mailbox is usually without mail: what a silence is measured against. Times in milliseconds. */
export interface Habit {
  /** When the first mail came, since the epoch. */
  readonly knownSince: number;
  /** When the present period began, since the epoch. */
  readonly since: number;
  /** Silences between two runs that took mail: in the present period, and in the one before. */
  readonly present: Silences;
  readonly before: Silences;
  /** People were told that it is silent, and mail has not come since. */
  readonly told: boolean;
}

interface Silences {
  readonly count: number;
  readonly longestMs: number;
}

export interface HabitChange {
  readonly habit: Habit | null;
  /** Null: nothing that people need to hear. */
  readonly news: MailboxNews | null;
}

/** What was known before the run. */
export interface Heard {
  readonly habit: Habit | null;
  readonly lastMailAt: number | null;
  readonly lastSuccessAt: number | null;
}

const NONE: Silences = { count: 0, longestMs: 0 };

/**
 * After a run. Mail came: the silence before it belongs to the habit, and one that people were told of is over. None
 * came though the run was well: silent far longer than its habit, people are told, once.
 */
export function habitAfterRun(known: Heard, result: RunResult, now: number): HabitChange {
  if (result.fetched > 0) return mailCame(known, now);
  const { habit, lastMailAt } = known;
  const isWell = result.status === 'ok' || result.status === 'partial';
  if (!isWell || habit === null || lastMailAt === null || habit.told) return { habit, news: null };
  const limit = silenceLimit(habit, now);
  if (limit === null || now - lastMailAt < limit) return { habit, news: null };
  return { habit: { ...habit, told: true }, news: newsOf('silent', now, lastMailAt, habit) };
}

/** From which silence on people are told, in milliseconds; null: the mailbox is not known well enough. */
export function silenceLimit(habit: Habit, now: number): number | null {
  const { present, before, knownSince } = habit;
  if (present.count + before.count < HABIT_LEAST_GAPS) return null;
  if (now - knownSince < HABIT_WARMUP_MS) return null;
  return Math.max(SILENCE_FACTOR * longestOf(habit), SILENCE_LEAST_MS);
}

function mailCame({ habit, lastMailAt, lastSuccessAt }: Heard, now: number): HabitChange {
  if (habit === null || lastMailAt === null) {
    const fresh = { knownSince: now, since: now, present: NONE, before: NONE, told: false };
    return { habit: fresh, news: null };
  }
  // While nobody looked, mail may have waited there: how long it was silent is not known.
  const isSeen = now - (lastSuccessAt ?? lastMailAt) <= UNSEEN_MS;
  const learned = isSeen ? withSilence(habit, now - lastMailAt, now) : habit;
  const news = habit.told ? newsOf('heard', now, lastMailAt, habit) : null;
  return { habit: { ...learned, told: false }, news };
}

/**
 * A silence that people were told of was no habit. It counts for twice the longest before: a mailbox that has become
 * quieter for good is learned, and one outage does not hide the next.
 */
function withSilence(habit: Habit, silence: number, now: number): Habit {
  const counted = habit.told ? Math.min(silence, 2 * longestOf(habit)) : silence;
  const isOver = now - habit.since >= HABIT_PERIOD_MS;
  const { since, present, before } = isOver
    ? { since: now, present: NONE, before: habit.present }
    : habit;
  const longestMs = Math.max(present.longestMs, counted);
  return { ...habit, since, before, present: { count: present.count + 1, longestMs } };
}

function longestOf({ present, before }: Habit): number {
  return Math.max(present.longestMs, before.longestMs);
}

function newsOf(
  kind: 'silent' | 'heard',
  at: number,
  lastMailAt: number,
  habit: Habit,
): MailboxNews {
  return { kind, at, since: lastMailAt, failures: 0, error: null, usualMs: longestOf(habit) };
}
