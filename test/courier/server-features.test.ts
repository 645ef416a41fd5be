import { describe, expect, it } from 'vitest';

import { parseFeatures } from '../../shared/courier/server-features.ts';

describe('parseFeatures', () => {
  it('reads what it knows, in any case', () => {
    expect(
      parseFeatures('250-mx.example\n250-size 1000\n250-8BITMIME\n250-SMTPUTF8\n250 AUTH PLAIN'),
    ).toEqual({ eightBitMime: true, smtpUtf8: true, auth: ['PLAIN'], maxSize: 1000 });
  });

  it('takes nothing from the greeting line', () => {
    expect(parseFeatures('250 SMTPUTF8 8BITMIME')).toEqual({
      eightBitMime: false,
      smtpUtf8: false,
      auth: [],
      maxSize: null,
    });
  });

  it.each(['250 SIZE', '250 SIZE 0', '250 SIZE lots', '250 SIZE 99999999999999999999'])(
    'knows no limit by %j',
    (line) => {
      expect(parseFeatures(`250-mx.example\n${line}`).maxSize).toBeNull();
    },
  );

  it('knows AUTH as it was written before RFC 2554', () => {
    expect(parseFeatures('250-mx.example\n250 AUTH=LOGIN').auth).toEqual(['LOGIN']);
  });

  it('knows the mechanisms of all lines', () => {
    const reply = '250-mx.example\n250-AUTH plain  LOGIN\n250-AUTH=LOGIN CRAM-MD5\n250 AUTH';
    expect(parseFeatures(reply).auth).toEqual(['PLAIN', 'LOGIN', 'CRAM-MD5']);
  });
});
