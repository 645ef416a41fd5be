import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import type { Authentication } from '../../shared/settings/settings.ts';
import { certificates } from '../support/certificates.ts';
import { startDovecot, type Dovecot, type DovecotOptions } from '../support/dovecot.ts';
import { openMaildrop, rejection } from '../support/open-maildrop.ts';
import type { OpenOptions } from '../support/open-maildrop.ts';
import {
  startTokenIntrospection,
  type TokenIntrospection,
} from '../support/token-introspection.ts';

/** A space at its end, what SASL and SCRAM escape, and a letter beyond ASCII. */
const PASSWORD = 'ope=n, sésame ';
const NTLM = { user: 'ntlmuser', domain: 'TESTDOM', password: 'Secret123' };
const NTLM_USERS = ['ntlmuser@', 'ntlmuser@testdom', 'ntlmuser@testdom@'];
const MECHANISMS =
  'plain login cram-md5 digest-md5 apop scram-sha-1 scram-sha-256 ntlm xoauth2 oauthbearer';

const BY_PASSWORD: readonly (readonly [Authentication, string])[] = [
  ['user', 'USER'],
  ['apop', 'APOP'],
  ['plain', 'PLAIN'],
  ['login', 'LOGIN'],
  ['cram-md5', 'CRAM-MD5'],
  ['scram-sha-1', 'SCRAM-SHA-1'],
  ['scram-sha-256', 'SCRAM-SHA-256'],
];
const BY_TOKEN: readonly (readonly [Authentication, string])[] = [
  ['xoauth2', 'XOAUTH2'],
  ['oauthbearer', 'OAUTHBEARER'],
];

/** Each way to a session with Dovecot, and how to ask for it. */
const LINES = ['none', 'starttls', 'implicit'] as const;
type Line = (typeof LINES)[number];

describe('Dovecot with every mechanism', () => {
  let tokens: TokenIntrospection;
  let dovecot: Dovecot;

  beforeAll(async () => {
    tokens = await startTokenIntrospection({ 'token-of-alice': 'alice', 'token-of-bob': 'bob' });
    dovecot = await startDovecot({
      users: { alice: { password: PASSWORD, mails: [Buffer.from('Subject: x\n\nx\n')] } },
      mechanisms: MECHANISMS,
      introspectionUrl: tokens.url,
      ntlm: NTLM,
    });
  });

  afterAll(async () => {
    await dovecot.stop();
    await tokens.close();
  });

  function lineOf(line: Line): OpenOptions & { port: number } {
    if (line === 'none') return { tls: line, port: dovecot.port };
    const port = line === 'implicit' ? dovecot.tlsPort : dovecot.port;
    return { tls: line, port, ca: dovecot.caPem, cleartextAllowed: false };
  }

  /** Logs in and reads the mailbox. @returns the mechanism that let us in */
  async function login(line: Line, options: OpenOptions): Promise<string> {
    const { port, ...session } = lineOf(line);
    const maildrop = await openMaildrop(port, { ...session, username: 'alice', ...options });
    await maildrop.listing();
    await maildrop.quit();
    return maildrop.mechanism;
  }

  describe.each(LINES)('over a line with TLS %s', (line) => {
    it.each(BY_PASSWORD)('%s lets the right password in', async (auth, mechanism) => {
      expect(await login(line, { auth, password: PASSWORD })).toBe(mechanism);
    });

    it.each(BY_PASSWORD)('%s tells a wrong password', async (auth) => {
      const error = await rejection(login(line, { auth, password: 'wrong' }));
      expect(error).toMatchObject({
        ...{ kind: 'login', refusal: 'credentials', permanence: 'permanent' },
        responseCode: 'AUTH',
      });
    });

    it.each(BY_TOKEN)('%s lets a good token in', async (auth, mechanism) => {
      expect(await login(line, { auth, token: 'token-of-alice' })).toBe(mechanism);
    });

    it.each(BY_TOKEN)('%s tells a bad token, and one of somebody else', async (auth) => {
      for (const token of ['no-such-token', 'token-of-bob']) {
        const error = await rejection(login(line, { auth, token }));
        expect(error).toMatchObject({ kind: 'login', refusal: 'credentials' });
        expect(String(error)).not.toContain(token);
      }
    });

    it('auto takes the strongest', async () => {
      expect(await login(line, { password: PASSWORD })).toBe('SCRAM-SHA-256');
      expect(await login(line, { token: 'token-of-alice' })).toBe('XOAUTH2');
    });

    it('auto tells a wrong password with one attempt', async () => {
      const before = refusedSessions().length;
      const error = await rejection(login(line, { password: 'wrong' }));
      expect(error).toMatchObject({ kind: 'login', refusal: 'credentials' });
      // Dovecot counts the attempts of a session when it has ended.
      await vi.waitFor(() => {
        expect(refusedSessions().slice(before)).toEqual(['1']);
      });
    });
  });

  /** Of each session that ended so: how many logins it tried. */
  function refusedSessions(): readonly string[] {
    const lines = dovecot.log().matchAll(/auth failed, (\d+) attempts .*method=SCRAM-SHA-256/g);
    return [...lines].map(([, attempts = '']) => attempts);
  }

  it('sends a token of any length', async () => {
    const long = 'x'.repeat(3000);
    tokens.grant(long, 'alice');
    expect(await login('implicit', { auth: 'xoauth2', token: long })).toBe('XOAUTH2');
  });

  it('sends no access token and no password to its log', () => {
    expect(dovecot.log()).not.toContain('token-of-alice');
  });
});

/** An instance of its own for each: Samba's helper may be confused by an exchange that broke off. */
describe('NTLM as Samba checks it', () => {
  async function attempt(options: OpenOptions): Promise<string> {
    const dovecot = await startDovecot({
      // As Dovecot names whom Samba let in.
      users: Object.fromEntries(NTLM_USERS.map((name) => [name, { password: '', mails: [] }])),
      mechanisms: 'ntlm',
      ntlm: NTLM,
      tls: false,
    });
    try {
      const maildrop = await openMaildrop(dovecot.port, { auth: 'ntlm', ...options });
      await maildrop.listing();
      await maildrop.quit();
      return maildrop.mechanism;
    } finally {
      await dovecot.stop();
    }
  }

  it.each(['ntlmuser', 'TESTDOM\\ntlmuser', 'ntlmuser@testdom'])('lets %s in', async (username) => {
    expect(await attempt({ username, password: NTLM.password })).toBe('NTLM');
  });

  it('tells a wrong password', async () => {
    const error = await rejection(attempt({ username: NTLM.user, password: 'Secret124' }));
    expect(error).toMatchObject({ kind: 'login', refusal: 'credentials' });
  });

  it('is what auto takes without TLS where nothing better is offered', async () => {
    const login = { username: NTLM.user, password: NTLM.password, auth: 'auto' } as const;
    expect(await attempt({ ...login, cleartextAllowed: false })).toBe('NTLM');
  });
});

describe('a Dovecot that is not to be trusted gets no credential', () => {
  async function attempt(server: Partial<DovecotOptions>, client: OpenOptions): Promise<unknown> {
    const dovecot = await startDovecot({
      users: { alice: { password: PASSWORD, mails: [] } },
      mechanisms: 'plain login scram-sha-256',
      ...server,
    });
    try {
      const port = client.tls === 'implicit' ? dovecot.tlsPort : dovecot.port;
      const options = { host: 'localhost', username: 'alice', password: PASSWORD, ...client };
      const error = await rejection(openMaildrop(port, { ca: dovecot.caPem, ...options }));
      expect(dovecot.log()).not.toMatch(/auth failed|user=<alice>/);
      return error;
    } finally {
      await dovecot.stop();
    }
  }

  const { authority, expired, good, wrongName } = certificates;
  it.each([
    ['a wrong name', wrongName, authority, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['an expired certificate', expired, authority, /CERT_HAS_EXPIRED/],
    ['an unknown authority', good, null, /UNABLE_TO|SELF_SIGNED/],
  ])('%s', async (_, certificate, ca, reason) => {
    for (const tls of ['implicit', 'starttls'] as const) {
      const error = await attempt({ certificate }, { tls, ca });
      expect(error).toMatchObject({ kind: 'tls', permanence: 'permanent' });
      expect(String(error)).toMatch(reason);
    }
  });

  it('STLS that is not offered', async () => {
    const error = await attempt({ tls: false }, { tls: 'starttls', ca: null });
    expect(error).toMatchObject({ kind: 'tls', permanence: 'permanent' });
  });
});
