import { describe, expect, it } from 'vitest';

import { base64, challenge, playLogin } from '../../support/login-dialogue.ts';

describe('CRAM-MD5', () => {
  /** RFC 2195 section 2. */
  const options = { auth: 'cram-md5', username: 'tim', password: 'tanstaaftanstaaf' } as const;
  const asked = challenge('<1896.697170952@postoffice.reston.mci.net>');
  const answer = base64('tim b913a602c7eda7a495b4e6e7334d3890');

  it('answers as in RFC 2195', async () => {
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH CRAM-MD5' },
      asked,
      { expect: answer },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('CRAM-MD5');
    expect(received).toEqual(['AUTH CRAM-MD5', answer]);
  });

  it.each([
    ['-ERR [AUTH] no', 'credentials'],
    ['-ERR no', 'credentials'],
    ['-ERR [SYS/TEMP] no', 'system-temporary'],
  ])('a wrong password is told apart: %s', async (reply, refusal) => {
    const { outcome } = await playLogin(
      { options },
      { expect: 'AUTH CRAM-MD5' },
      asked,
      { expect: answer },
      { send: `${reply}\r\n` },
    );
    expect(outcome).toMatchObject({ kind: 'login', refusal });
    expect(String(outcome)).not.toContain('b913a602');
  });

  it.each([
    ['an empty challenge', '+ \r\n', /got an empty one/],
    ['a challenge that is not base64', '+ <1896@x>\r\n', /expected a challenge in base64/],
  ])('cancels at %s', async (_, asking, words) => {
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH CRAM-MD5' },
      { send: asking },
      { expect: '*' },
      { send: '-ERR cancelled\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
    expect(String(outcome)).toMatch(words);
    expect(received).toEqual(['AUTH CRAM-MD5', '*']);
  });

  it('cancels when asked a second time', async () => {
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH CRAM-MD5' },
      asked,
      { expect: answer },
      asked,
      { expect: '*' },
      { send: '-ERR cancelled\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'protocol' });
    expect(received).toEqual(['AUTH CRAM-MD5', answer, '*']);
  });

  it('takes a challenge without the space behind its +', async () => {
    const { outcome } = await playLogin(
      { options },
      { expect: 'AUTH CRAM-MD5' },
      { send: `+${base64('<1896.697170952@postoffice.reston.mci.net>')}\r\n` },
      { expect: answer },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('CRAM-MD5');
  });
});

describe('LOGIN', () => {
  const options = { auth: 'login', username: 'jürgen', password: 'pässword' } as const;

  it('answers user name and password in order, whatever the prompts say', async () => {
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH LOGIN' },
      challenge('Benutzername:'),
      { expect: base64('jürgen') },
      { send: '+ \r\n' },
      { expect: base64('pässword') },
      { send: '+OK\r\n' },
    );
    expect(outcome).toBe('LOGIN');
    expect(received).toEqual(['AUTH LOGIN', base64('jürgen'), base64('pässword')]);
  });

  it.each([
    ['after the user name', 1],
    ['after the password', 2],
  ])('-ERR %s is a judgement', async (_, answers) => {
    const rounds = [
      [challenge('Username:'), { expect: base64('jürgen') }],
      [challenge('Password:'), { expect: base64('pässword') }],
    ].slice(0, answers);
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH LOGIN' },
      ...rounds.flat(),
      { send: '-ERR bad login\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'login', refusal: 'credentials' });
    expect(received).toHaveLength(1 + answers);
  });

  it('cancels when asked a third time', async () => {
    const { outcome, received } = await playLogin(
      { options },
      { expect: 'AUTH LOGIN' },
      challenge('1'),
      { expect: '' },
      challenge('2'),
      { expect: '' },
      challenge('3'),
      { expect: '*' },
      { send: '-ERR\r\n' },
    );
    expect(outcome).toMatchObject({ kind: 'protocol' });
    expect(received.at(-1)).toBe('*');
  });
});
