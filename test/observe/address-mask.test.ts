import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { maskAddresses } from '../../shared/observe/address-mask.ts';

const KEY = Buffer.alloc(32, 1);

describe('masking addresses', () => {
  test('keeps a text without any', () => {
    expect(maskAddresses('250 2.0.0 Ok: queued as 4F1', KEY)).toBe('250 2.0.0 Ok: queued as 4F1');
  });

  test('the same person has the same digest, another person or key another', () => {
    const [one, other] = ['chris@corp.example', 'kelly@corp.example'];
    expect(maskAddresses('CHRIS@corp.example', KEY).split('@')[0]).toBe(
      maskAddresses(one, KEY).split('@')[0],
    );
    expect(maskAddresses(other, KEY)).not.toBe(maskAddresses(one, KEY));
    expect(maskAddresses(one, Buffer.alloc(32, 2))).not.toBe(maskAddresses(one, KEY));
  });

  test('every address in a text, whatever stands around it', () => {
    expect(maskAddresses('<a@x.example>, "b@y.example"; c@z.example: no', null)).toBe(
      '<hidden@x.example>, "hidden@y.example"; hidden@z.example: no',
    );
  });

  test('no local part of an address is left, whatever it is', () => {
    const local = fc.stringMatching(/^[g-z]{4,20}$/);
    fc.assert(
      fc.property(local, fc.string(), (name, around) => {
        const text = `${around} ${name}@corp.example ${around}`;
        expect(maskAddresses(text, KEY).split(' ')).not.toContain(`${name}@corp.example`);
      }),
    );
  });
});
