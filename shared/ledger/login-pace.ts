import {
  CLOCK_TOLERANCE_MS,
  LOGIN_DELAY_MAX_MS,
  LOGIN_DELAY_UNKNOWN_MS,
  BACKOFF_MAX_MS,
} from '../limits.ts';
import type { LoginPace, MailboxRecord } from './mailbox-record.ts';

/** A login of one session, as the server saw it. */
export interface LoginSeen {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What CAPA says about LOGIN-DELAY, ms; null: nothing. */
  readonly delayMs: number | null;
  /** Refused with `[LOGIN-DELAY]`. */
  readonly tooSoon: boolean;
}

/** What is to be remembered of a login; null: nothing that binds the next one. */
export function paceAfter(
  before: LoginPace | null,
  connection: string | null,
  login: LoginSeen | null,
): LoginPace | null {
  if (login === null || connection === null) return before;
  const known = before?.connection === connection ? before : null;
  if (login.tooSoon) return refusedPace(known, connection, login);
  const { at, delayMs } = login;
  return delayMs === null ? null : { connection, loginAt: at, delayMs, refusals: 0 };
}

/** A refused login shows no CAPA of its own where the server was not asked: what it said before still holds. */
function refusedPace(
  known: LoginPace | null,
  connection: string,
  { at, delayMs }: LoginSeen,
): LoginPace {
  return {
    connection,
    loginAt: at,
    delayMs: delayMs ?? known?.delayMs ?? null,
    refusals: (known?.refusals ?? 0) + 1,
  };
}

/**
 * The earliest next login that the server takes, ms since the epoch; null: any time.
 * @param connection of the settings as they are now
 */
export function loginAllowedAt(
  record: MailboxRecord,
  connection: string | null,
  now: number,
): number | null {
  const { pace } = record;
  if (pace?.connection !== connection) return null;
  const loginAt = lastLoginAt(pace, record);
  // The clock was wrong then; waiting for that day would leave the mail there for as long.
  if (loginAt > now + CLOCK_TOLERANCE_MS) return null;
  const stated = Math.min(pace.delayMs ?? 0, LOGIN_DELAY_MAX_MS);
  const guessed = pace.refusals === 0 ? 0 : LOGIN_DELAY_UNKNOWN_MS * 2 ** (pace.refusals - 1);
  return loginAt + Math.max(stated, Math.min(guessed, BACKOFF_MAX_MS));
}

/** A run that died has most likely logged in, and could not say so. */
function lastLoginAt(pace: LoginPace, { lastStartedAt, lastEndedAt }: MailboxRecord): number {
  if (lastStartedAt === null || lastStartedAt <= (lastEndedAt ?? 0)) return pace.loginAt;
  return Math.max(pace.loginAt, lastStartedAt);
}
