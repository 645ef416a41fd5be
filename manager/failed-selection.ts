import { parseDuration } from '../shared/settings/duration.ts';
import type { CommonOptions } from './context.ts';
import { UsageError } from './exit-status.ts';

/** Which failed messages a command is about. */
export interface SelectionOptions extends CommonOptions {
  readonly mailbox?: string;
  readonly since?: string;
  readonly reason?: string;
  readonly all?: boolean;
}

export interface Selection {
  readonly keys: readonly string[];
  readonly mailbox: string | null;
  /** ISO 8601. */
  readonly since: string | null;
  readonly reason: string | null;
  readonly all: boolean;
}

const REASONS: ReadonlySet<string> = new Set(['refused', 'expired', 'internal', 'held']);
const REPLY_CODE = /^[45]\d\d$|^[45]\.\d{1,3}\.\d{1,3}$/;

/** @throws UsageError for a time or a reason that is none */
export function selectionOf(
  keys: readonly string[],
  { mailbox, since, reason, all }: SelectionOptions,
  now: number,
): Selection {
  const filters = [mailbox, since, reason, all].filter((option) => option !== undefined);
  if (keys.length > 0 && filters.length > 0) {
    throw new UsageError('expected keys, or --mailbox, --since, --reason or --all; got both');
  }
  requireReason(reason);
  return {
    keys,
    mailbox: mailbox ?? null,
    since: since === undefined ? null : new Date(timeOf(since, now)).toISOString(),
    reason: reason ?? null,
    all: all ?? false,
  };
}

function requireReason(reason: string | undefined): void {
  if (reason === undefined || REASONS.has(reason) || REPLY_CODE.test(reason)) return;
  throw new UsageError(
    `--reason: expected ${[...REASONS].join(', ')}, or a reply code such as 550 or 5.1.1; got ${reason}`,
  );
}

/** `7d`: so long ago; else a date or a time, UTC unless it says otherwise. Milliseconds since the epoch. */
function timeOf(text: string, now: number): number {
  const ago = parseDuration(text);
  if (ago !== null) return now - ago;
  const time = /^\d{4}-\d\d-\d\d(?:$|T)/.test(text) ? Date.parse(utc(text)) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new UsageError(
    `--since: expected a time ago such as 12h or 7d, or a date such as 2026-03-01 or 2026-03-01T08:00Z; got ${text}`,
  );
}

function utc(text: string): string {
  return text.includes('T') && !/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? `${text}Z` : text;
}
