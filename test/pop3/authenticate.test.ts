import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';

import type { MaildropLogin } from '../../shared/pop3/maildrop.ts';
import { openMaildrop, PASSWORD, rejection, USER } from '../support/open-maildrop.ts';
import type { Pop3Faults } from '../support/pop3-faults.ts';
import type { DialogueStep } from '../support/scripted-dialogue.ts';
import { startScriptedDialogue } from '../support/scripted-dialogue.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { startPop3Server, USUAL_CAPABILITIES } from '../support/scripted-pop3-server.ts';

const servers: { close(): Promise<void> }[] = [];

async function serve(
  faults: Pop3Faults = {},
  capabilities: readonly string[] = USUAL_CAPABILITIES,
): Promise<ScriptedPop3Server> {
  const users = { [USER]: { password: PASSWORD, mails: [] } };
  const server = await startPop3Server({ users, faults, capabilities });
  servers.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

const IDENTITY = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');

/** Plays `steps` after greeting and a CAPA with SASL PLAIN. */
async function play(auth: MaildropLogin['auth'], ...steps: DialogueStep[]): Promise<unknown> {
  const server = await startScriptedDialogue([
    { send: '+OK\r\n' },
    { expect: 'CAPA' },
    { send: '+OK\r\nSASL PLAIN\r\nPIPELINING\r\n.\r\n' },
    ...steps,
  ]);
  servers.push(server);
  const outcome = await openMaildrop(server.port, { auth }).then(
    () => null,
    (error: unknown) => error,
  );
  return { outcome, received: server.received.slice(1) };
}

describe('the login', () => {
  it.each([
    ['auto', USUAL_CAPABILITIES, 'PLAIN'],
    ['auto', ['USER', 'SASL GSSAPI'], 'USER'],
    ['auto', [], 'USER'],
    ['plain', USUAL_CAPABILITIES, 'PLAIN'],
    ['user', USUAL_CAPABILITIES, 'USER'],
  ] as const)('%s with %j goes by %s', async (auth, capabilities, mechanism) => {
    const server = await serve({}, capabilities);
    const maildrop = await openMaildrop(server.port, { auth });
    await maildrop.quit();
    expect(server.logins).toEqual([{ user: USER, mechanism, secure: false, accepted: true }]);
  });

  it('sends a password as it is, with blanks at its end', async () => {
    const server = await serve();
    await (await openMaildrop(server.port, { auth: 'user' })).quit();
    expect(server.commands).toContain(`PASS ${PASSWORD}`);
  });

  it('sends credentials of any script as UTF-8', async () => {
    const users = { 'jürgen@пример.example': { password: 'пароль', mails: [] } };
    const server = await startPop3Server({ users });
    servers.push(server);
    for (const auth of ['user', 'plain'] as const) {
      const login = { auth, username: 'jürgen@пример.example', password: 'пароль' };
      await (await openMaildrop(server.port, login)).quit();
    }
    expect(server.logins.map(({ accepted }) => accepted)).toEqual([true, true]);
  });

  it('takes PLAIN with an initial response where the server knows only that', async () => {
    const { outcome, received } = (await play(
      'plain',
      { expect: 'AUTH PLAIN' },
      { send: '-ERR bad syntax\r\n' },
      { expect: `AUTH PLAIN ${IDENTITY}` },
      { send: '+OK\r\n' },
    )) as { outcome: unknown; received: string[] };
    expect(outcome).toBeNull();
    expect(received).toEqual(['AUTH PLAIN', `AUTH PLAIN ${IDENTITY}`]);
  });

  it('falls back to USER when the server refuses PLAIN before it saw a password', async () => {
    const { outcome, received } = (await play(
      'auto',
      { expect: 'AUTH PLAIN' },
      { send: '-ERR unknown mechanism\r\n' },
      { expect: 'USER' },
      { send: '+OK\r\n' },
      { expect: 'PASS' },
      { send: '+OK\r\n' },
    )) as { outcome: unknown; received: string[] };
    expect(outcome).toBeNull();
    expect(received).toEqual(['AUTH PLAIN', `USER ${USER}`, `PASS ${PASSWORD}`]);
  });

  it.each([
    ['[AUTH] code before the password', [{ send: '-ERR [AUTH] not you\r\n' }]],
    [
      '-ERR after the password',
      [{ send: '+ \r\n' }, { expect: IDENTITY }, { send: '-ERR no\r\n' }],
    ],
  ])('tries no second mechanism after %s', async (_, steps) => {
    const { outcome, received } = (await play('auto', { expect: 'AUTH PLAIN' }, ...steps)) as {
      outcome: unknown;
      received: string[];
    };
    expect(outcome).toMatchObject({ kind: 'login', permanence: 'permanent' });
    expect(received.filter((line) => line.startsWith('USER'))).toEqual([]);
  });

  it('does not take +OK without a password for a login', async () => {
    const { outcome } = (await play('auto', { expect: 'AUTH PLAIN' }, { send: '+OK\r\n' })) as {
      outcome: unknown;
    };
    expect(outcome).toMatchObject({ kind: 'protocol' });
  });

  it.each([
    ['[AUTH] wrong password', 'credentials', 'permanent', 'AUTH'],
    ['wrong password', 'credentials', 'permanent', null],
    ['', 'credentials', 'permanent', null],
    ['[SYS/PERM] mailbox gone', 'system-permanent', 'permanent', 'SYS/PERM'],
    ['[SYS/TEMP] storage offline', 'system-temporary', 'temporary', 'SYS/TEMP'],
    ['[SYS/TEMP/DISK] storage offline', 'system-temporary', 'temporary', 'SYS/TEMP/DISK'],
    ['[IN-USE] another session', 'in-use', 'temporary', 'IN-USE'],
    ['[LOGIN-DELAY] come back later', 'login-delay', 'temporary', 'LOGIN-DELAY'],
    ['maildrop already locked', 'in-use', 'temporary', null],
    ['unable to lock maildrop', 'in-use', 'temporary', null],
    ['Mailbox is in use by another session', 'in-use', 'temporary', null],
    ['Exceeded the login limit for 15 minutes', 'login-delay', 'temporary', null],
    ['you log in too frequently', 'login-delay', 'temporary', null],
    ['Server unavailable, try again', 'system-temporary', 'temporary', null],
    ['[AUTH] account locked', 'credentials', 'permanent', 'AUTH'],
    ['your account is locked for now', 'credentials', 'permanent', null],
    ['[X-OTHER] mailbox is busy', 'in-use', 'temporary', 'X-OTHER'],
  ])('-ERR %s is %s', async (text, refusal, permanence, responseCode) => {
    for (const auth of ['user', 'plain'] as const) {
      const server = await serve({ refuseLogin: text });
      const error = await rejection(openMaildrop(server.port, { auth }));
      expect(error).toMatchObject({ kind: 'login', refusal, permanence, responseCode });
      expect(String(error)).toContain(text);
    }
  });

  it('drops the connection of a refused login, and leaves no listener on the signal', async () => {
    const server = await serve({ refuseLogin: '[AUTH] no' });
    const { signal } = new AbortController();
    await rejection(openMaildrop(server.port, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('does not repeat a password that the server echoes', async () => {
    for (const auth of ['user', 'plain'] as const) {
      const server = await serve({ echoPassword: true, refuseLogin: `[AUTH] ${IDENTITY}` });
      const error = await rejection(openMaildrop(server.port, { auth }));
      expect(String(error)).toContain('***');
      expect(String(error)).not.toContain(PASSWORD.trim());
      expect(String(error)).not.toContain(IDENTITY);
    }
  });

  it('sends nothing in clear text that is not allowed to', async () => {
    const server = await serve();
    for (const auth of ['plain', 'login', 'user', 'xoauth2', 'oauthbearer'] as const) {
      const opening = openMaildrop(server.port, { auth, cleartextAllowed: false });
      expect(await rejection(opening)).toMatchObject({ kind: 'login', refusal: 'other' });
    }
    expect(server.connections).toBe(0);
    const opening = openMaildrop(server.port, { cleartextAllowed: false });
    expect(await rejection(opening)).toMatchObject({ kind: 'login', refusal: 'other' });
    expect(server.commands).toEqual(['CAPA']);
  });

  it.each([
    ['username', `${USER}\r\nDELE 1`],
    ['username', `${USER}\0`],
    ['password', 'a\nb'],
    ['password', 'a\0b'],
  ])('refuses a %s with a line break or NUL before it connects: %j', async (field, value) => {
    const server = await serve();
    const error = await rejection(openMaildrop(server.port, { [field]: value }));
    expect(error).toMatchObject({ kind: 'login', permanence: 'permanent' });
    expect(String(error)).not.toContain(value);
    expect(server.connections).toBe(0);
  });
});
