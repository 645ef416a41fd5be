import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSize } from '../../shared/settings/size.ts';

describe('parseSize', () => {
  it.each([
    ['50MB', 50_000_000],
    ['64KiB', 65_536],
    ['1GiB', 1_073_741_824],
    ['2gb', 2_000_000_000],
    ['7kB', 7000],
    ['3MiB', 3_145_728],
    ['12B', 12],
    ['12', 12],
    [12, 12],
  ])('reads %j as %d octets', (written, octets) => {
    expect(parseSize(written)).toBe(octets);
  });

  it.each([
    0,
    -1,
    1.5,
    NaN,
    Infinity,
    '0',
    '0MB',
    '-5MB',
    '1.5MB',
    '5 MB',
    '5M',
    'MB',
    '',
    '0x10',
    '1e5',
    null,
    true,
    ['5MB'],
  ])('refuses %j', (written) => {
    expect(parseSize(written)).toBeNull();
  });

  it('refuses what no number can hold exactly', () => {
    expect(parseSize('999999999999999GiB')).toBeNull();
    expect(parseSize(2 ** 53)).toBeNull();
  });

  it('multiplies the number with its unit', () => {
    const units = fc.constantFrom<[string, bigint]>(
      ['B', 1n],
      ['KB', 1000n],
      ['MB', 1000n ** 2n],
      ['GB', 1000n ** 3n],
      ['KiB', 1024n],
      ['MiB', 1024n ** 2n],
      ['GiB', 1024n ** 3n],
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8_000_000 }), units, (count, [unit, octets]) => {
        expect(parseSize(`${count}${unit}`)).toBe(Number(BigInt(count) * octets));
      }),
    );
  });
});
