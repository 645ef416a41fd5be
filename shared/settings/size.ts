const SIZE = /^(\d{1,15})(B|KB|MB|GB|KiB|MiB|GiB)?$/i;

/** Decimal units as disks and mail providers count, binary ones as IEC 80000-13 names them. */
const OCTETS: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
};

export const SIZE_FORM = 'a size above 0, such as 50MB, 64KiB or a number of bytes';

/**
 * Reads a size: a whole number of bytes, or text with a unit (`50MB` = 50 × 10^6, `64KiB` = 65,536; case does not
 * matter, no space, no fraction).
 *
 * @returns octets, at least 1; `null` for anything else
 */
export function parseSize(value: unknown): number | null {
  const octets = octetsOf(value);
  return octets !== null && Number.isSafeInteger(octets) && octets > 0 ? octets : null;
}

function octetsOf(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return null;
  const match = SIZE.exec(value);
  if (match === null) return null;
  const unit = OCTETS[(match[2] ?? 'B').toLowerCase()];
  return unit === undefined ? null : Number(match[1]) * unit;
}
