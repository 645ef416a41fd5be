import { describe, expect, it } from 'vitest';

import { chooseMechanisms } from '../../shared/pop3/mechanism-choice.ts';
import type { LoginOffer, LoginWish } from '../../shared/pop3/mechanism-choice.ts';

const EVERYTHING =
  'SASL OAUTHBEARER XOAUTH2 NTLM LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS DIGEST-MD5';
const TIMESTAMP = '<1896.697170952@pop.example>';

function offer(lines: readonly string[] | null, more: Partial<LoginOffer> = {}): LoginOffer {
  const entries = lines?.map((line) => {
    const [tag = '', ...args] = line.split(' ');
    return [tag, args] as const;
  });
  const capabilities = entries === undefined ? null : new Map(entries);
  return { capabilities, timestamp: null, encrypted: true, ...more };
}

function choice(wish: Partial<LoginWish>, from: LoginOffer): string {
  const whole: LoginWish = {
    ...{ auth: 'auto', credential: 'password', cleartextAllowed: false },
    ...wish,
  };
  return chooseMechanisms(whole, from).mechanisms.join(' ');
}

describe('auto over TLS', () => {
  it.each([
    [[EVERYTHING, 'USER'], 'SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN USER CRAM-MD5 NTLM'],
    [['SASL PLAIN SCRAM-SHA-1', 'USER'], 'SCRAM-SHA-1 PLAIN USER'],
    [['SASL CRAM-MD5 LOGIN', 'USER'], 'LOGIN USER CRAM-MD5'],
    // A server that lists no USER and nothing but this means it.
    [['SASL NTLM'], 'NTLM USER'],
    [['SASL PLAIN XOAUTH2', 'USER', 'TOP'], 'PLAIN USER'],
    [['USER', 'TOP'], 'USER'],
    [['TOP', 'UIDL'], 'USER'],
    [['SASL GSSAPI'], 'USER'],
    [null, 'USER'],
  ])('%j: %s', (lines, expected) => {
    expect(choice({}, offer(lines))).toBe(expected);
  });

  it('takes APOP last', () => {
    expect(choice({}, offer(['SASL PLAIN', 'USER'], { timestamp: TIMESTAMP }))).toBe(
      'PLAIN USER APOP',
    );
    expect(choice({}, offer(null, { timestamp: TIMESTAMP }))).toBe('USER APOP');
  });
});

describe('auto without TLS', () => {
  const clear = { encrypted: false, timestamp: TIMESTAMP };

  it.each([
    [[EVERYTHING, 'USER'], 'SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 APOP NTLM'],
    [['SASL PLAIN', 'USER'], 'APOP'],
    [null, 'APOP'],
  ])('%j: nothing that shows the password, %s', (lines, expected) => {
    expect(choice({}, offer(lines, clear))).toBe(expected);
  });

  it.each([
    [[EVERYTHING, 'USER'], 'SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 APOP NTLM PLAIN LOGIN USER'],
    [['SASL PLAIN', 'USER'], 'APOP PLAIN USER'],
    [null, 'APOP USER'],
  ])('%j: clear text last where it is allowed, %s', (lines, expected) => {
    expect(choice({ cleartextAllowed: true }, offer(lines, clear))).toBe(expected);
  });

  it('says what to do where nothing is left', () => {
    const choices = chooseMechanisms(
      { auth: 'auto', credential: 'password', cleartextAllowed: false },
      offer(['SASL PLAIN LOGIN', 'USER'], { encrypted: false }),
    );
    expect(choices.mechanisms).toEqual([]);
    expect(choices.obstacle).toMatch(/PLAIN, LOGIN, USER; use TLS, or allow clear text/);
  });
});

describe('with an access token', () => {
  it.each([
    [[EVERYTHING], 'XOAUTH2 OAUTHBEARER'],
    [['SASL PLAIN OAUTHBEARER'], 'OAUTHBEARER'],
    [['USER', 'TOP'], 'XOAUTH2'],
    [null, 'XOAUTH2'],
    [['SASL PLAIN'], ''],
  ])('%j: %s', (lines, expected) => {
    expect(choice({ credential: 'token' }, offer(lines))).toBe(expected);
  });

  it('is never sent in clear text that is not allowed', () => {
    expect(choice({ credential: 'token' }, offer([EVERYTHING], { encrypted: false }))).toBe('');
  });

  it('says what the server has instead', () => {
    const token = { auth: 'auto', credential: 'token', cleartextAllowed: false } as const;
    expect(chooseMechanisms(token, offer(['SASL PLAIN NTLM'])).obstacle).toBe(
      'expected XOAUTH2 or OAUTHBEARER among the SASL mechanisms of the server, got PLAIN NTLM',
    );
  });
});

describe('a mechanism that is set', () => {
  it.each([
    ['scram-sha-256', 'SCRAM-SHA-256'],
    ['ntlm', 'NTLM'],
    ['user', 'USER'],
    ['cram-md5', 'CRAM-MD5'],
  ] as const)('%s is used though nothing offers it', (auth, expected) => {
    expect(choice({ auth }, offer(null))).toBe(expected);
    expect(choice({ auth }, offer(['SASL PLAIN']))).toBe(expected);
  });

  it('apop needs a timestamp', () => {
    expect(choice({ auth: 'apop' }, offer(null, { timestamp: TIMESTAMP }))).toBe('APOP');
    const none = chooseMechanisms(
      { auth: 'apop', credential: 'password', cleartextAllowed: true },
      offer(null),
    );
    expect(none.obstacle).toMatch(/timestamp .* in the greeting for APOP, got none/);
  });
});
