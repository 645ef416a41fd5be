import { describe, expect, it } from 'vitest';

import { base64, challenge, playLogin } from '../../support/login-dialogue.ts';
import type { PlayedLogin } from '../../support/login-dialogue.ts';
import type { DialogueStep } from '../../support/scripted-dialogue.ts';

/** RFC 7628 section 4.1. */
const TOKEN = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';
const USER = 'user@example.com';
const REFUSAL = '{"status":"401","schemes":"bearer","scope":"https://mail.example/"}';

describe('XOAUTH2', () => {
  const options = { auth: 'xoauth2', username: USER, token: TOKEN } as const;
  const said = base64(`user=${USER}\x01auth=Bearer ${TOKEN}\x01\x01`);

  it('sends the token when the server asks for it, as Microsoft wants it', async () => {
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH XOAUTH2' },
      { send: '+\r\n' },
      { expect: said },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('XOAUTH2');
    expect(received).toEqual(['AUTH XOAUTH2', said]);
  });

  it('sends it in one line, however long, where the server knows only that', async () => {
    const token = 'x'.repeat(3000);
    const line = `AUTH XOAUTH2 ${base64(`user=${USER}\x01auth=Bearer ${token}\x01\x01`)}`;
    const { outcome, received } = await playLogin(
      { options: { ...options, token } },
      { expect: 'AUTH XOAUTH2' },
      { send: '-ERR expected an initial response\r\n' },
      { expect: 'AUTH XOAUTH2 ' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('XOAUTH2');
    expect(received).toEqual(['AUTH XOAUTH2', line]);
  });

  it('answers the JSON of a refusal with an empty line, and takes the -ERR behind it', async () => {
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH XOAUTH2' },
      { send: '+ \r\n' },
      { expect: said },
      challenge(REFUSAL),
      { expect: '' },
      { send: '-ERR [AUTH] no\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'login', refusal: 'credentials', responseCode: 'AUTH' });
    expect(String(outcome)).toContain('"status":"401"');
    expect(String(outcome)).not.toContain(TOKEN);
    expect(received).toEqual(['AUTH XOAUTH2', said, '']);
  });

  it('does not take +OK behind a refusal for a login', async () => {
    const { outcome } = await playLogin(
      { options },
      { expect: 'AUTH XOAUTH2' },
      { send: '+ \r\n' },
      { expect: said },
      challenge(REFUSAL),
      { expect: '' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'protocol' });
  });

  it.each([
    ['-ERR [SYS/TEMP] later', 'system-temporary'],
    ['-ERR Authentication failure: unknown user name or bad password.', 'credentials'],
    ['-ERR [IN-USE] locked', 'in-use'],
  ])('%s is %s', async (reply, refusal) => {
    const { outcome } = await playLogin(
      { options },
      { expect: 'AUTH XOAUTH2' },
      { send: '+ \r\n' },
      { expect: said },
      { send: `${reply}\r\n` },
    );
    expect(outcome).toMatchObject({ kind: 'login', refusal });
  });

  it.each([
    ['a user name', { username: `${USER}\x01auth=Bearer other` }],
    ['a token', { token: 'a\x01b' }],
  ])('refuses octet 1 in %s, which would begin a field', async (_, changed) => {
    const { outcome, received } = await playLogin({ options: { ...options, ...changed } });
    expect(outcome).toMatchObject({ kind: 'login', refusal: 'other' });
    expect(received).toEqual([]);
  });
});

describe('OAUTHBEARER', () => {
  const login = { auth: 'oauthbearer', username: 'a,b=c@example.com' } as const;

  function play(...steps: readonly DialogueStep[]): Promise<PlayedLogin> {
    return playLogin(
      { options: { ...login, token: TOKEN } },
      { expect: 'AUTH OAUTHBEARER' },
      { send: '+ \r\n' },
      ...steps,
    );
  }

  it('sends the message of RFC 7628, the user name escaped', async () => {
    const { outcome, received } = await play({ expect: '' }, { send: '+OK\r\n' });
    expect(outcome).toBe('OAUTHBEARER');
    const said = Buffer.from(received[1] ?? '', 'base64').toString('utf8');
    expect(said.replace(/port=\d+/, 'port=0')).toBe(
      `n,a=a=2Cb=3Dc@example.com,\x01host=127.0.0.1\x01port=0\x01auth=Bearer ${TOKEN}\x01\x01`,
    );
  });

  it('answers the JSON of a refusal with octet 1', async () => {
    const { outcome, received } = await play(
      { expect: '' },
      challenge('{"status":"invalid_token"}'),
      { expect: 'AQ==' },
      { send: '-ERR [AUTH] no\r\n' },
    );
    expect(outcome).toMatchObject({ refusal: 'credentials' });
    expect(String(outcome)).toContain('invalid_token');
    expect(received[2]).toBe('AQ==');
  });
});

describe('auto with a token', () => {
  it('takes OAUTHBEARER where the server refuses XOAUTH2 before it saw the token', async () => {
    const { outcome, received } = await playLogin(
      {
        options: { auth: 'auto', token: TOKEN },
        capabilities: ['SASL PLAIN OAUTHBEARER XOAUTH2'],
      },
      { expect: 'AUTH XOAUTH2' },
      { send: '-ERR not here\r\n' },
      { expect: 'AUTH OAUTHBEARER' },
      { send: '+ \r\n' },
      { expect: '' },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('OAUTHBEARER');
    expect(received.slice(0, 2)).toEqual(['AUTH XOAUTH2', 'AUTH OAUTHBEARER']);
  });
});
