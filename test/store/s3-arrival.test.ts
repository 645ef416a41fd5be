import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { fromObjectMetadata, toObjectMetadata } from '../../shared/store/s3-arrival.ts';

const SHA256 = 'ab'.repeat(32);
const KEPT = {
  'body-digest': SHA256,
  'eight-bit': 'yes',
  'arrived-at': '2026-03-01T10:00:00.000Z',
};

const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((octets) => Buffer.from(octets).toString('hex'));
const arrival = fc.record({
  uidlHash: fc.option(digest),
  size: fc.nat(),
  bodyDigest: digest,
  eightBit: fc.boolean(),
  arrivedAt: fc.integer({ min: 0, max: Date.UTC(2200, 0) }),
  recipient: fc.option(fc.string({ unit: 'binary', minLength: 1 })),
});

describe('metadata of an object', () => {
  it('comes back as it was, and is nothing but visible ASCII on the way', () => {
    fc.assert(
      fc.property(arrival, (metadata) => {
        const kept = toObjectMetadata(metadata);
        for (const value of Object.values(kept)) expect(value).toMatch(/^[!-~]+$/);
        expect(fromObjectMetadata(kept, metadata.size)).toEqual(metadata);
      }),
    );
  });

  it.each([
    ['no metadata', {}],
    ['no digest', { ...KEPT, 'body-digest': '' }],
    ['a digest that is none', { ...KEPT, 'body-digest': 'abc' }],
    ['no time', { ...KEPT, 'arrived-at': '' }],
    ['a time that is none', { ...KEPT, 'arrived-at': 'yesterday' }],
  ])('is not ours with %s', (_, kept) => {
    expect(fromObjectMetadata(KEPT, 1)).not.toBeNull();
    expect(fromObjectMetadata(kept, 1)).toBeNull();
  });

  it('says of octets above 127 that there may be some, where it does not know', () => {
    const { 'eight-bit': known, ...kept } = KEPT;
    expect(known).toBe('yes');
    expect(fromObjectMetadata(kept, 1)?.eightBit).toBe(true);
  });
});
