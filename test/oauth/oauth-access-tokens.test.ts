import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Failure } from '../../shared/failure.ts';
import { OAuthAccessTokens } from '../../shared/oauth/oauth-access-tokens.ts';
import type { RefreshTokens } from '../../shared/oauth/refresh-tokens.ts';
import { postForm } from '../../shared/oauth/token-endpoint.ts';
import type { OAuthSettings } from '../../shared/settings/settings.ts';
import { recordingLog } from '../support/recording-log.ts';
import type { RecordingLog } from '../support/recording-log.ts';
import { SetClock } from '../support/set-clock.ts';
import { startTokenEndpoint } from '../support/token-endpoint.ts';
import type { ScriptedTokenEndpoint } from '../support/token-endpoint.ts';

const HOUR = 3_600_000;

/** A store in memory, as one process of an administrator and another connector would also change it. */
class Stored implements RefreshTokens {
  current = 'refresh-1';
  origin = 'configured-1';
  broken = false;
  onRead: () => void = () => undefined;

  read() {
    this.onRead();
    return Promise.resolve({ value: this.current, origin: this.origin });
  }

  replace(_ref: unknown, used: string, next: string): Promise<'kept' | 'superseded'> {
    if (this.broken) return Promise.reject(new Failure('secret', 'temporary', 'no space left'));
    if (used !== this.current) return Promise.resolve('superseded');
    this.current = next;
    return Promise.resolve('kept');
  }
}

describe('access tokens', () => {
  let endpoint: ScriptedTokenEndpoint;
  let stored: Stored;
  let clock: SetClock;
  let log: RecordingLog;
  let clientSecret: string;
  let tokens: OAuthAccessTokens;
  let oauth: OAuthSettings;
  /** Refresh tokens that the endpoint takes, each once; null: any, any number of times. */
  let valid: Set<string> | null;

  beforeEach(async () => {
    let issued = 0;
    valid = null;
    endpoint = await startTokenEndpoint(({ refresh_token: used = '' }) => {
      if (valid !== null && !valid.delete(used)) {
        return { status: 400, json: { error: 'invalid_grant' } };
      }
      issued += 1;
      valid?.add(`refresh-${issued + 1}`);
      return {
        json: {
          access_token: `access-${issued}`,
          ...{ token_type: 'Bearer', expires_in: 3600 },
          refresh_token: `refresh-${issued + 1}`,
        },
      };
    });
    stored = new Stored();
    clock = new SetClock();
    log = recordingLog();
    clientSecret = 'client-secret-1';
    oauth = {
      ...{ provider: 'custom', clientId: 'app-1', tokenUrl: endpoint.url, scope: 'pop' },
      clientSecret: { kind: 'named', name: 'app' },
      ...{ grant: 'refresh_token', refreshToken: { kind: 'named', name: 'chris-token' } },
    };
    tokens = newTokens();
  });

  afterEach(() => endpoint.close());

  /** As a started program has them. */
  function newTokens(): OAuthAccessTokens {
    return new OAuthAccessTokens({
      secrets: { read: () => Promise.resolve(clientSecret) },
      refreshTokens: stored,
      ...{ post: postForm(clock), clock, log },
    });
  }

  const get = (of = tokens, refused?: string) => {
    const bounds = { deadline: clock.now() + 20_000, signal: new AbortController().signal };
    return of.token(oauth, bounds, refused);
  };

  it('are fetched with the refresh token, and used again until shortly before they expire', async () => {
    expect(await get()).toEqual({ value: 'access-1', fresh: true });
    expect(endpoint.forms).toEqual([
      {
        ...{ grant_type: 'refresh_token', client_id: 'app-1', client_secret: 'client-secret-1' },
        ...{ refresh_token: 'refresh-1', scope: 'pop' },
      },
    ]);
    clock.advance(HOUR - 5 * 60_000 - 1);
    expect(await get()).toEqual({ value: 'access-1', fresh: false });
    clock.advance(1);
    expect(await get()).toEqual({ value: 'access-2', fresh: true });
  });

  it('are renewed when a server refuses one before that', async () => {
    await get();
    expect(await get(tokens, 'access-1')).toEqual({ value: 'access-2', fresh: true });
    expect(await get(tokens, 'access-1')).toEqual({ value: 'access-2', fresh: false });
  });

  it('of unknown lifetime are used once', async () => {
    endpoint.answer(() => ({ json: { access_token: 'short' } }));
    await get();
    expect(await get()).toEqual({ value: 'short', fresh: true });
  });

  it('keep a rotated refresh token before they are given out, and go on with it', async () => {
    valid = new Set(['refresh-1']);
    await get();
    expect(stored.current).toBe('refresh-2');
    // A restart: nothing is left in memory.
    expect(await get(newTokens())).toEqual({ value: 'access-2', fresh: true });
    expect(stored.current).toBe('refresh-3');
  });

  it('are fetched one at a time: a refresh token may be good for one request', async () => {
    valid = new Set(['refresh-1']);
    const all = await Promise.all([get(), get(), get()]);
    expect(all.map(({ value }) => value)).toEqual(['access-1', 'access-1', 'access-1']);
    expect(endpoint.forms).toHaveLength(1);
  });

  it('are fetched again by who waited for a request that failed', async () => {
    let asked = 0;
    endpoint.answer(() => {
      asked += 1;
      return asked === 1 ? { status: 503 } : { json: { access_token: 'late' } };
    });
    const [first, second] = await Promise.allSettled([get(), get()]);
    expect(first).toMatchObject({ reason: { refusal: 'system-temporary' } });
    expect(second).toMatchObject({ value: { value: 'late' } });
  });

  it('are fetched with what another process has kept meanwhile, when the own token is used up', async () => {
    valid = new Set(['refresh-9']);
    let looks = 0;
    stored.onRead = () => {
      looks += 1;
      if (looks > 1) stored.current = 'refresh-9';
    };
    expect(await get()).toMatchObject({ value: 'access-1' });
    expect(endpoint.forms.map((form) => form['refresh_token'])).toEqual(['refresh-1', 'refresh-9']);
  });

  it('are refused for good when no other token is there', async () => {
    valid = new Set();
    await expect(get()).rejects.toMatchObject({ refusal: 'credentials', permanence: 'permanent' });
    expect(endpoint.forms).toHaveLength(1);
  });

  it('come from a new configured token at once', async () => {
    await get();
    stored.current = 'refresh-other';
    stored.origin = 'configured-2';
    expect(await get()).toMatchObject({ value: 'access-2', fresh: true });
    expect(endpoint.forms.at(-1)?.['refresh_token']).toBe('refresh-other');
  });

  it('come from a new client secret at once', async () => {
    await get();
    clientSecret = 'client-secret-2';
    expect(await get()).toMatchObject({ fresh: true });
    expect(endpoint.forms.at(-1)?.['client_secret']).toBe('client-secret-2');
  });

  it('go on while a rotated token cannot be kept, which is logged and tried again', async () => {
    valid = new Set(['refresh-1']);
    stored.broken = true;
    expect(await get()).toMatchObject({ value: 'access-1' });
    expect(log.events('error')).toEqual(['rotated refresh token not kept']);
    expect(JSON.stringify(log.entries)).not.toMatch(/refresh-\d|access-\d|client-secret/);

    expect(await get(tokens, 'access-1')).toMatchObject({ value: 'access-2' });
    expect(log.events('error')).toHaveLength(2);
    stored.broken = false;
    expect(await get(tokens, 'access-2')).toMatchObject({ value: 'access-3' });
    expect(stored.current).toBe('refresh-4');
  });

  it('give up a token that could not be kept for one that somebody set', async () => {
    stored.broken = true;
    await get();
    stored.broken = false;
    stored.current = 'refresh-other';
    await get(tokens, 'access-1');
    expect(endpoint.forms.at(-1)?.['refresh_token']).toBe('refresh-other');
  });

  it('of an application need no refresh token', async () => {
    oauth = { ...oauth, grant: 'client_credentials', refreshToken: null };
    endpoint.answer(() => ({ json: { access_token: 'app', expires_in: 3600 } }));
    expect(await get()).toEqual({ value: 'app', fresh: true });
    expect(await get()).toEqual({ value: 'app', fresh: false });
    expect(endpoint.forms).toEqual([
      {
        ...{ grant_type: 'client_credentials', client_id: 'app-1' },
        ...{ client_secret: 'client-secret-1', scope: 'pop' },
      },
    ]);
    expect(await tokens.secretsOf(oauth)).toEqual(['client-secret-1', '']);
  });

  it('stand on secrets that rotation does not change', async () => {
    const before = await tokens.secretsOf(oauth);
    await get();
    expect(stored.current).toBe('refresh-2');
    expect(await tokens.secretsOf(oauth)).toEqual(before);
    stored.origin = 'configured-2';
    expect(await tokens.secretsOf(oauth)).not.toEqual(before);
  });

  it('have nothing of a secret in their errors', async () => {
    endpoint.answer((form) => ({
      status: 400,
      json: { error: 'invalid_grant', error_description: JSON.stringify(form) },
    }));
    const error: unknown = await get().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Failure);
    expect(String(error)).not.toMatch(/refresh-1|client-secret-1/);
  });
});
