import type { OAuthSettings } from '../settings/settings.ts';

/** What ends a request from outside; the same as a session's. */
export interface TokenBounds {
  /** Milliseconds since the epoch. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

export interface AccessToken {
  readonly value: string;
  /** false: from an earlier request, so it may have been revoked since. */
  readonly fresh: boolean;
}

/** Port: access tokens for mailboxes, fetched and renewed as needed. */
export interface AccessTokens {
  /**
   * A token that has not expired. Never in a log or an error; neither is a secret that it was fetched with.
   * @param refused the value of a token that a server has just refused: another one then
   * @throws LoginRefused when the token endpoint refuses: `credentials` when somebody has to sign in again or set the
   * client's secret anew, `other` for what is wrong in the settings, `system-temporary` while it is out of order
   * @throws Failure `secret`, or `connect`, `tls`, `timeout` and `protocol` for the token endpoint
   */
  token(oauth: OAuthSettings, bounds: TokenBounds, refused?: string): Promise<AccessToken>;
  /**
   * What identifies the secrets that tokens are fetched with, for a digest: the same until somebody changes one, also
   * when the provider rotates the refresh token.
   * @throws Failure `secret`
   */
  secretsOf(oauth: OAuthSettings): Promise<readonly string[]>;
}
