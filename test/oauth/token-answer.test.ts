import { describe, expect, it } from 'vitest';

import { readAnswer } from '../../shared/oauth/token-answer.ts';
import { tokenForm } from '../../shared/oauth/token-request.ts';
import type { OAuthSettings } from '../../shared/settings/settings.ts';

const CLIENT = {
  provider: 'microsoft',
  clientId: 'app-1',
  clientSecret: { kind: 'named', name: 'app' },
  tokenUrl: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
  scope: 'https://outlook.office365.com/POP.AccessAsUser.All offline_access',
} as const;
const BY_REFRESH: OAuthSettings = {
  ...CLIENT,
  grant: 'refresh_token',
  refreshToken: { kind: 'named', name: 'chris-token' },
};
const AS_APPLICATION: OAuthSettings = {
  ...CLIENT,
  grant: 'client_credentials',
  refreshToken: null,
};
const SECRETS = { clientSecret: 'app-secret-1', refreshToken: 'refresh-1' };

describe('the form of a token request', () => {
  it('with a refresh token', () => {
    expect(Object.fromEntries(tokenForm(BY_REFRESH, SECRETS))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'app-1',
      client_secret: 'app-secret-1',
      refresh_token: 'refresh-1',
      scope: CLIENT.scope,
    });
  });

  it('of a public client, and without a scope', () => {
    const oauth = { ...BY_REFRESH, scope: null };
    expect(Object.fromEntries(tokenForm(oauth, { ...SECRETS, clientSecret: null }))).toEqual({
      grant_type: 'refresh_token',
      client_id: 'app-1',
      refresh_token: 'refresh-1',
    });
  });

  it('of an application for itself', () => {
    const form = tokenForm(AS_APPLICATION, { ...SECRETS, refreshToken: null });
    expect(form.get('grant_type')).toBe('client_credentials');
    expect(form.has('refresh_token')).toBe(false);
  });
});

function read(status: number, answer: unknown, oauth = BY_REFRESH): unknown {
  const text = typeof answer === 'string' ? answer : JSON.stringify(answer);
  try {
    return readAnswer({ status, text }, { oauth, secrets: ['app-secret-1', 'refresh-1'] });
  } catch (error) {
    return error;
  }
}

describe('the answer of a token endpoint', () => {
  it.each([
    [
      { access_token: 'a', token_type: 'Bearer', expires_in: 3599, refresh_token: 'r' },
      { accessToken: 'a', expiresIn: 3599, refreshToken: 'r' },
    ],
    [
      { access_token: 'a', token_type: 'bearer', expires_in: '3599' },
      { accessToken: 'a', expiresIn: 3599, refreshToken: null },
    ],
    [{ access_token: 'a' }, { accessToken: 'a', expiresIn: null, refreshToken: null }],
    [
      { access_token: 'a', expires_in: 'soon', refresh_token: null },
      { accessToken: 'a', expiresIn: null, refreshToken: null },
    ],
  ])('%j is a token', (answer, expected) => {
    expect(read(200, answer)).toEqual(expected);
  });

  it.each([
    ['no JSON', '<html>sign in</html>'],
    ['no token', { token_type: 'Bearer' }],
    ['another kind of token', { access_token: 'a', token_type: 'mac' }],
    ['an empty token', { access_token: '' }],
  ])('200 with %s is a fault of the endpoint', (_, answer) => {
    expect(read(200, answer)).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
  });

  it.each([
    [400, { error: 'invalid_grant' }, 'credentials'],
    [400, { error: 'interaction_required' }, 'credentials'],
    [400, { error: 'consent_required' }, 'credentials'],
    [401, { error: 'invalid_client' }, 'credentials'],
    [400, { error: 'unauthorized_client' }, 'credentials'],
    [400, { error: 'invalid_scope' }, 'other'],
    [400, { error: 'invalid_request' }, 'other'],
    [400, { error: 'unsupported_grant_type' }, 'other'],
    [404, 'not found', 'other'],
    [302, '', 'other'],
    [400, { error: 'temporarily_unavailable' }, 'system-temporary'],
    [429, { error: 'too_many' }, 'system-temporary'],
    [408, '', 'system-temporary'],
    [500, { error: 'server_error' }, 'system-temporary'],
    [503, '<html>', 'system-temporary'],
  ])('%i %j is %s', (status, answer, refusal) => {
    expect(read(status, answer)).toMatchObject({ kind: 'login', refusal });
  });

  it('says of invalid_grant what to do, in words', () => {
    const error = read(400, {
      error: 'invalid_grant',
      error_description: 'AADSTS700082: The refresh token has expired due to inactivity.',
    });
    expect(String(error)).toBe(
      'Failure: token endpoint login.microsoftonline.com gave no token (invalid_grant: AADSTS700082: The refresh token has expired due to inactivity.); the refresh token has expired or was revoked, or somebody has to consent: sign in again and put the new refresh token into the secret chris-token',
    );
  });

  it('says of a client whose secret has run out which one', () => {
    const error = read(401, { error: 'invalid_client' }, AS_APPLICATION);
    expect(String(error)).toMatch(
      /client app-1 .*make a new secret and put it into the secret app$/,
    );
  });

  it('says where a redirect has to be followed by hand', () => {
    expect(String(read(302, ''))).toMatch(/a redirect is not followed, .*set oauth.tokenUrl/);
  });

  it('repeats no secret that the endpoint echoes', () => {
    const error = read(400, {
      error: 'invalid_grant',
      error_description: `refresh_token=refresh-1&client_secret=app-secret-1 ${'x'.repeat(5000)}`,
    });
    expect(String(error)).toContain('refresh_token=***&client_secret=***');
    expect(String(error)).not.toMatch(/refresh-1|app-secret-1/);
    expect(String(error).length).toBeLessThan(600);
  });
});
