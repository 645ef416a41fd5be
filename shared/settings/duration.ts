const DURATION = /^(\d{1,9})([smhd])$/;

const MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

export const DURATION_FORM = 'a time above 0, such as 30s, 5m, 2h or 7d';

/**
 * Reads a time span: a whole number and one of the units `s`, `m`, `h`, `d`. A bare number is refused, since nobody
 * can see its unit.
 *
 * @returns milliseconds, at least 1000; `null` for anything else
 */
export function parseDuration(value: unknown): number | null {
  if (typeof value !== 'string') return null;
  const match = DURATION.exec(value);
  const unit = MILLISECONDS[match?.[2] ?? ''];
  if (match === null || unit === undefined) return null;
  const ms = Number(match[1]) * unit;
  return ms > 0 ? ms : null;
}
