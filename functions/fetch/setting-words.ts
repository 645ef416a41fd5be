const DAY_MS = 24 * 3_600_000;

/** A value of `keep` or `initial`, as it is written in the configuration. */
export function inWords(value: string | { readonly ageMs: number }): string {
  if (typeof value === 'string') return value;
  const { ageMs } = value;
  if (ageMs % DAY_MS === 0) return `${ageMs / DAY_MS}d`;
  return ageMs % 3_600_000 === 0 ? `${ageMs / 3_600_000}h` : `${ageMs / 1000}s`;
}
