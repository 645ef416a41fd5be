import { describe, expect, it } from 'vitest';

import { loginSecrets, openMailbox } from '../../../functions/fetch/open-mailbox.ts';
import type { OpenMailboxDeps } from '../../../functions/fetch/open-mailbox.ts';
import { Failure } from '../../../shared/failure.ts';
import { LoginRefused } from '../../../shared/login-refused.ts';
import type { AccessToken } from '../../../shared/oauth/access-tokens.ts';
import type { Maildrop, MaildropLogin } from '../../../shared/pop3/maildrop.ts';
import type { Mailbox } from '../../../shared/settings/settings.ts';
import { rejection } from '../../support/open-maildrop.ts';
import { settingsOf } from '../../support/sample-settings.ts';

const OAUTH = {
  ...{ provider: 'custom', clientId: 'app', tokenUrl: 'https://id.corp.example/token' },
  refreshToken: { secret: 'chris-token' },
};

function mailbox(login: Readonly<Record<string, unknown>>): Mailbox {
  const document = {
    domains: ['corp.example'],
    delivery: { smtp: { host: 'mail.corp.example' } },
    mailboxes: {
      chris: {
        ...{ type: 'user', host: 'pop.provider.example', username: 'chris' },
        deliverTo: ['chris@corp.example'],
        ...login,
      },
    },
  };
  const found = settingsOf(document).mailboxes.get('chris');
  if (found === undefined) throw new Error('expected a sound mailbox');
  return found;
}

/** A server that lets these tokens or passwords in, and what it was asked. */
function scene(accepted: readonly string[], issued: readonly AccessToken[] = []) {
  const logins: MaildropLogin[] = [];
  const refused: (string | undefined)[] = [];
  const left = [...issued];
  const session = {} as Maildrop;
  const deps: OpenMailboxDeps = {
    secrets: {
      read: (ref) => Promise.resolve(ref.kind === 'named' ? `of ${ref.name}` : ref.value),
    },
    tokens: {
      token: (_oauth, _bounds, notThis) => {
        refused.push(notThis);
        const next = left.shift();
        return next === undefined
          ? Promise.reject(new LoginRefused('credentials', 'gave no token (invalid_grant)'))
          : Promise.resolve(next);
      },
      secretsOf: () => Promise.resolve(['client', 'origin']),
    },
    opener: {
      open: (_address, login) => {
        logins.push(login);
        if (accepted.includes(login.secret.value)) return Promise.resolve(session);
        const kind = login.secret.value === 'busy' ? 'system-temporary' : 'credentials';
        return Promise.reject(new LoginRefused(kind, 'pop refused the login', 'AUTH'));
      },
    },
  };
  return { deps, logins, refused, session };
}

const BOUNDS = { deadline: 1, signal: new AbortController().signal };

describe('opening a mailbox by password', () => {
  it('logs in with the secret of its name, as its settings say', async () => {
    const { deps, logins, session } = scene(['of chris']);
    const one = mailbox({ password: { secret: 'chris' }, auth: 'cram-md5' });
    expect(await openMailbox(deps, one, BOUNDS)).toBe(session);
    expect(logins).toEqual([
      {
        ...{ username: 'chris', auth: 'cram-md5', cleartextAllowed: false },
        secret: { kind: 'password', value: 'of chris' },
      },
    ]);
    expect(await loginSecrets(deps, one)).toEqual(['of chris']);
  });

  it.each([
    [{ tls: 'starttls' }, false],
    [{ tls: 'starttls', allowCleartext: true }, true],
    [{ tls: 'none', host: '127.0.0.1' }, true],
    [{ host: 'localhost' }, true],
  ])('%j allows clear text: %s', async (transport, allowed) => {
    const { deps, logins } = scene(['of chris']);
    await openMailbox(deps, mailbox({ password: { secret: 'chris' }, ...transport }), BOUNDS);
    expect(logins[0]?.cleartextAllowed).toBe(allowed);
  });

  it('tries a refused password once', async () => {
    const { deps, logins } = scene([]);
    const opening = openMailbox(deps, mailbox({ password: { secret: 'chris' } }), BOUNDS);
    expect(await rejection(opening)).toMatchObject({ refusal: 'credentials' });
    expect(logins).toHaveLength(1);
  });
});

describe('opening a mailbox by OAuth', () => {
  const cached = { value: 'old', fresh: false };
  const fresh = { value: 'new', fresh: true };

  it('logs in with a token', async () => {
    const { deps, logins, session } = scene(['old'], [cached]);
    expect(await openMailbox(deps, mailbox({ oauth: OAUTH }), BOUNDS)).toBe(session);
    expect(logins.map(({ secret }) => secret)).toEqual([{ kind: 'token', value: 'old' }]);
    expect(await loginSecrets(deps, mailbox({ oauth: OAUTH }))).toEqual(['client', 'origin']);
  });

  it('renews a refused token that is not new, once', async () => {
    const { deps, logins, refused, session } = scene(['new'], [cached, fresh]);
    expect(await openMailbox(deps, mailbox({ oauth: OAUTH }), BOUNDS)).toBe(session);
    expect(logins.map(({ secret }) => secret.value)).toEqual(['old', 'new']);
    expect(refused).toEqual([undefined, 'old']);
  });

  it('says what to look at when a new one is refused, and asks for no other', async () => {
    for (const issued of [[fresh], [cached, fresh]]) {
      const { deps, logins, refused } = scene([], issued);
      const error = await rejection(openMailbox(deps, mailbox({ oauth: OAUTH }), BOUNDS));
      expect(error).toMatchObject({ refusal: 'credentials', responseCode: 'AUTH' });
      expect(String(error)).toContain('pop refused the login; the access token is new');
      expect(logins).toHaveLength(issued.length);
      expect(refused).toHaveLength(issued.length);
    }
  });

  it('renews nothing when the server is at fault', async () => {
    const { deps, refused } = scene([], [{ value: 'busy', fresh: false }, fresh]);
    const opening = openMailbox(deps, mailbox({ oauth: OAUTH }), BOUNDS);
    expect(await rejection(opening)).toMatchObject({ refusal: 'system-temporary' });
    expect(refused).toHaveLength(1);
  });

  it('connects nowhere without a token', async () => {
    const { deps, logins } = scene([], []);
    const opening = openMailbox(deps, mailbox({ oauth: OAUTH }), BOUNDS);
    expect(await rejection(opening)).toMatchObject({ refusal: 'credentials' });
    expect(logins).toEqual([]);
  });

  it.each([
    ['microsoft', /POP\.AccessAsUser\.All/],
    ['google', /https:\/\/mail\.google\.com\//],
    ['custom', /scope, audience/],
  ])('has advice for %s', async (provider, words) => {
    const oauth = { ...OAUTH, provider, clientSecret: { secret: 'app' } };
    const { deps } = scene([], [fresh]);
    const error = await rejection(openMailbox(deps, mailbox({ oauth }), BOUNDS));
    expect(error).toBeInstanceOf(Failure);
    expect(String(error)).toMatch(words);
  });
});
