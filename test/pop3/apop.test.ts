import { describe, expect, it } from 'vitest';

import { apopTimestamp } from '../../shared/pop3/apop.ts';
import { parseStatusLine } from '../../shared/pop3/status-line.ts';
import { playLogin } from '../support/login-dialogue.ts';

/** RFC 1939 section 7. */
const GREETING = '+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>';
const APOP = 'APOP mrose c4c9334bac560ecc979e58001b3e22fb';
const options = { auth: 'apop', username: 'mrose', password: 'tanstaaf' } as const;

describe('the timestamp of a greeting', () => {
  it.each([
    [GREETING, '<1896.697170952@dbc.mtview.ca.us>'],
    ['+OK ask <postmaster@a.example> ready <1.2@b.example>', '<1.2@b.example>'],
    ['+OK ready', null],
    ['+OK <no-domain>', null],
    ['+OK <a b@c>', null],
    // Octets that no clock and no host name has: somebody collects collisions.
    ['+OK <1.\x01\x80\xff@b.example>', null],
    ['+OK <1.é@b.example>', null],
    ['+OK <a<b@c>', '<b@c>'],
  ])('%j has %s', (line, expected) => {
    const greeting = parseStatusLine(Buffer.from(line, 'latin1'));
    expect(greeting && apopTimestamp(greeting)).toBe(expected);
  });
});

describe('APOP', () => {
  it('sends the digest of RFC 1939, and no password', async () => {
    const { outcome, received } = await playLogin(
      { options, greeting: GREETING },
      { expect: APOP },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('APOP');
    expect(received).toEqual([APOP]);
  });

  it.each([
    ['-ERR [AUTH] no', 'credentials'],
    ['-ERR permission denied', 'credentials'],
    ['-ERR [SYS/TEMP] later', 'system-temporary'],
    ['-ERR maildrop already locked', 'in-use'],
    ['-ERR APOP command not supported', 'other'],
  ])('%s is %s', async (reply, refusal) => {
    const { outcome } = await playLogin(
      { options, greeting: GREETING },
      { expect: APOP },
      { send: `${reply}\r\n` },
    );
    expect(outcome).toMatchObject({ kind: 'login', refusal });
  });

  it('sends nothing to a greeting with a forged timestamp', async () => {
    const { outcome, received } = await playLogin({
      options,
      greeting: '+OK ready <1896.\x01\x02@dbc.mtview.ca.us>',
    });
    expect(outcome).toMatchObject({ kind: 'login', refusal: 'other' });
    expect(received).toEqual([]);
  });

  it('gives way to the next mechanism where the server does not know it', async () => {
    const { outcome, received } = await playLogin(
      { options: { ...options, auth: 'auto' }, greeting: GREETING, capabilities: null },
      { expect: APOP },
      { send: '-ERR unknown command APOP\r\n' },
      { expect: 'USER' },
      { send: '+OK\r\n' },
      { expect: 'PASS' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('USER');
    expect(received).toEqual([APOP, 'USER mrose', 'PASS tanstaaf']);
  });

  it('says where auto chose it that the account may not be set up for it', async () => {
    const { outcome, received } = await playLogin(
      { options: { ...options, auth: 'auto' }, greeting: GREETING, capabilities: null },
      { expect: APOP },
      { send: '-ERR authentication failed\r\n' },
    );
    expect(outcome).toMatchObject({ refusal: 'credentials' });
    expect(String(outcome)).toMatch(/may not have this account set up for APOP/);
    expect(received).toEqual([APOP]);
  });
});
