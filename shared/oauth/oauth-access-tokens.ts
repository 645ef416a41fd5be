import { createHash } from 'node:crypto';

import type { Clock } from '../clock.ts';
import { asFailure } from '../failure.ts';
import { ACCESS_TOKEN_MARGIN_MS } from '../limits.ts';
import { LoginRefused } from '../login-refused.ts';
import type { Log } from '../observe/log.ts';
import type { OAuthSettings, Secrets } from '../settings/settings.ts';
import type { AccessToken, AccessTokens, TokenBounds } from './access-tokens.ts';
import type { RefreshToken, RefreshTokens } from './refresh-tokens.ts';
import { readAnswer } from './token-answer.ts';
import type { Grant } from './token-answer.ts';
import type { PostForm } from './token-endpoint.ts';
import { tokenForm } from './token-request.ts';

export interface OAuthAccessTokensOptions {
  readonly secrets: Secrets;
  readonly refreshTokens: RefreshTokens;
  readonly post: PostForm;
  readonly clock: Clock;
  readonly log: Log;
}

/** What tokens are fetched with: read anew each time, so that whoever changes a secret need not wait for an expiry. */
interface Source {
  readonly oauth: OAuthSettings;
  readonly clientSecret: string | null;
  readonly refreshToken: RefreshToken | null;
  /** The same as long as no setting and no configured secret changes. */
  readonly identity: string;
}

interface CachedToken {
  readonly value: string;
  /** Milliseconds since the epoch, the margin taken off. */
  readonly until: number;
}

/** A rotated token that could not be kept; lost if this process ends before it can be. */
interface Unkept {
  readonly used: string;
  readonly next: string;
}

/**
 * Access tokens by the token endpoints of the providers. They live in memory as long as this object does, and are
 * written nowhere; a refresh token that was rotated is kept before anything else is done.
 */
export class OAuthAccessTokens implements AccessTokens {
  readonly #options: OAuthAccessTokensOptions;
  readonly #cached = new Map<string, CachedToken>();
  readonly #unkept = new Map<string, Unkept>();
  /** One request at a time for each source: a second one with the same refresh token could get it revoked. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: OAuthAccessTokensOptions) {
    this.#options = options;
  }

  async token(oauth: OAuthSettings, bounds: TokenBounds, refused?: string): Promise<AccessToken> {
    const source = await this.#sourceOf(oauth);
    const { identity } = source;
    const before = this.#turns.get(identity) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(() => this.#tokenOf(source, bounds, refused));
    this.#turns.set(identity, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(identity) === turn) this.#turns.delete(identity);
    }
  }

  async secretsOf(oauth: OAuthSettings): Promise<readonly string[]> {
    const { clientSecret, refreshToken } = await this.#sourceOf(oauth);
    return [clientSecret ?? '', refreshToken?.origin ?? ''];
  }

  async #sourceOf(oauth: OAuthSettings): Promise<Source> {
    const { secrets, refreshTokens } = this.#options;
    const clientSecret =
      oauth.clientSecret === null ? null : await secrets.read(oauth.clientSecret);
    const refreshToken =
      oauth.refreshToken === null ? null : await refreshTokens.read(oauth.refreshToken);
    const { tokenUrl, clientId, scope, grant } = oauth;
    const parts = [tokenUrl, clientId, scope, grant, clientSecret, refreshToken?.origin ?? null];
    const identity = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    return { oauth, clientSecret, refreshToken, identity };
  }

  async #tokenOf(
    source: Source,
    bounds: TokenBounds,
    refused: string | undefined,
  ): Promise<AccessToken> {
    const cached = this.#cached.get(source.identity);
    const now = this.#options.clock.now();
    if (cached !== undefined && cached.value !== refused && now < cached.until) {
      return { value: cached.value, fresh: false };
    }
    this.#cached.delete(source.identity);
    const grant = await this.#fetch(source, bounds);
    this.#remember(source.identity, grant, now);
    return { value: grant.accessToken, fresh: true };
  }

  /** One whose lifetime is not told is used once. */
  #remember(identity: string, { accessToken: value, expiresIn }: Grant, now: number): void {
    if (expiresIn === null) return;
    this.#cached.set(identity, { value, until: now + expiresIn * 1000 - ACCESS_TOKEN_MARGIN_MS });
  }

  async #fetch(source: Source, bounds: TokenBounds): Promise<Grant> {
    const { refreshToken } = source;
    if (refreshToken === null) return this.#ask(source, null, bounds);
    const current = this.#newest(source.identity, refreshToken.value);
    try {
      return await this.#rotate(source, current, bounds);
    } catch (error) {
      const newer = await this.#rotatedMeanwhile(source.oauth, current, error);
      if (newer === null) throw error;
      return this.#rotate(source, newer, bounds);
    }
  }

  /** Another process may have used the token, which a provider may allow once only, and kept what it got for it. */
  async #rotatedMeanwhile(
    oauth: OAuthSettings,
    used: string,
    error: unknown,
  ): Promise<string | null> {
    const isRefused = error instanceof LoginRefused && error.refusal === 'credentials';
    if (!isRefused || oauth.refreshToken === null) return null;
    const { value } = await this.#options.refreshTokens.read(oauth.refreshToken);
    return value === used ? null : value;
  }

  async #rotate(source: Source, used: string, bounds: TokenBounds): Promise<Grant> {
    const grant = await this.#ask(source, used, bounds);
    const next = grant.refreshToken;
    if (next !== null && next !== used) await this.#keep(source, used, next);
    return grant;
  }

  async #ask(source: Source, refreshToken: string | null, bounds: TokenBounds): Promise<Grant> {
    const { oauth, clientSecret } = source;
    const form = tokenForm(oauth, { clientSecret, refreshToken });
    const answer = await this.#options.post(oauth.tokenUrl, form, bounds);
    const secrets = [clientSecret, refreshToken].filter((one) => one !== null);
    return readAnswer(answer, { oauth, secrets });
  }

  /** What lies in the store, or what came after it and could not be put there. */
  #newest(identity: string, stored: string): string {
    const unkept = this.#unkept.get(identity);
    if (unkept === undefined) return stored;
    if (unkept.used === stored) return unkept.next;
    this.#unkept.delete(identity);
    return stored;
  }

  /** Mail can still be fetched when this fails, so the run goes on; the next rotation tries again. */
  async #keep({ oauth, identity }: Source, used: string, next: string): Promise<void> {
    if (oauth.refreshToken === null) return;
    const unkept = this.#unkept.get(identity);
    const stored = unkept?.next === used ? unkept.used : used;
    try {
      await this.#options.refreshTokens.replace(oauth.refreshToken, stored, next);
      this.#unkept.delete(identity);
    } catch (error) {
      this.#unkept.set(identity, { used: stored, next });
      this.#options.log.error('rotated refresh token not kept', {
        client: oauth.clientId,
        error: asFailure(error).message,
      });
    }
  }
}
