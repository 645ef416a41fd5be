import { Cron } from 'croner';

import { CLOCK_TOLERANCE_MS } from '../limits.ts';

/** When a mailbox is fetched. */
export type Schedule =
  | { readonly kind: 'every'; readonly ms: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly zone: string | null }
  | { readonly kind: 'never' };

export const SCHEDULE_FORM =
  '"every Nm", "every Nh" (at most 7 days), "never", or "cron" with five fields and perhaps a time zone, such as "cron */10 7-19 * * 1-5 Europe/Berlin"';

const EVERY = /^every ([1-9]\d{0,5})([mh])$/;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MS = 7 * 24 * HOUR_MS;

/**
 * Reads `every Nm`, `every Nh`, `cron EXPR [zone]` (five fields; an IANA zone, UTC without one) or `never`.
 *
 * @returns `null` for anything else, and for a cron expression that names no time at all (30 February)
 */
export function parseSchedule(value: unknown): Schedule | null {
  if (typeof value !== 'string') return null;
  if (value === 'never') return { kind: 'never' };
  const every = EVERY.exec(value);
  if (every !== null) {
    const ms = Number(every[1]) * (every[2] === 'h' ? HOUR_MS : MINUTE_MS);
    return ms <= WEEK_MS ? { kind: 'every', ms } : null;
  }
  return value.startsWith('cron ') ? parseCron(value.trim().split(/\s+/).slice(1)) : null;
}

/** As {@link parseSchedule} reads it. */
export function formatSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'never':
      return 'never';
    case 'cron':
      return ['cron', schedule.expression, ...(schedule.zone === null ? [] : [schedule.zone])].join(
        ' ',
      );
    case 'every':
      return schedule.ms % HOUR_MS === 0
        ? `every ${schedule.ms / HOUR_MS}h`
        : `every ${schedule.ms / MINUTE_MS}m`;
  }
}

function parseCron(words: readonly string[]): Schedule | null {
  if (words.length !== 5 && words.length !== 6) return null;
  const expression = words.slice(0, 5).join(' ');
  const zone = words[5] ?? null;
  try {
    // The zone is only looked at when a time is computed. Any moment will do: what matches at all, matches again
    // within the years croner looks ahead.
    if (nextTime(expression, zone, 0) === null) return null;
  } catch {
    return null;
  }
  return { kind: 'cron', expression, zone };
}

/**
 * Whether a mailbox is due: its last started run lies before the last scheduled time. One that never ran is due at
 * once, except with `never`.
 *
 * @param lastStartedAt milliseconds since the epoch; null: never ran
 * @param now milliseconds since the epoch
 * @param offsetMs shifts the grid of `every` (multiples of the period since the epoch), so that many mailboxes with
 *   one period do not log in at the same second; `cron` means the times it names
 */
export function isDue(
  schedule: Schedule,
  lastStartedAt: number | null,
  now: number,
  offsetMs: number,
): boolean {
  if (schedule.kind === 'never') return false;
  // A last start in the future: the clock was wrong then. Waiting for that day would leave mail on the server for as
  // long.
  if (lastStartedAt === null || lastStartedAt > now + CLOCK_TOLERANCE_MS) return true;
  if (schedule.kind === 'every') {
    const lastScheduled = Math.floor((now - offsetMs) / schedule.ms) * schedule.ms + offsetMs;
    return lastStartedAt < lastScheduled;
  }
  const next = nextTime(schedule.expression, schedule.zone, lastStartedAt);
  return next !== null && next <= now;
}

/** The first scheduled time after `after`; null: there is none. */
function nextTime(expression: string, zone: string | null, after: number): number | null {
  // UTC and not the machine's own zone: the same configuration means the same hours on AWS and on one machine.
  const cron = new Cron(expression, { timezone: zone ?? 'UTC', mode: '5-part', paused: true });
  return cron.nextRun(new Date(after))?.getTime() ?? null;
}
