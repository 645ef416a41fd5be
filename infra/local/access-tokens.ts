import { join, resolve } from 'node:path';

import type { Clock } from '../../shared/clock.ts';
import type { AccessTokens } from '../../shared/oauth/access-tokens.ts';
import { fileRefreshTokens } from '../../shared/oauth/file-refresh-tokens.ts';
import { OAuthAccessTokens } from '../../shared/oauth/oauth-access-tokens.ts';
import { postForm } from '../../shared/oauth/token-endpoint.ts';
import type { Log } from '../../shared/observe/log.ts';
import type { Secrets } from '../../shared/settings/settings.ts';

export interface LocalAccessTokensOptions {
  /** The data folder; it need not be owned, nor be there. */
  readonly data: string;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly log: Log;
}

/** Access tokens on this machine, rotated refresh tokens in the data folder. */
export function localAccessTokens(options: LocalAccessTokensOptions): AccessTokens {
  const { data, secrets, clock, log } = options;
  const refreshTokens = fileRefreshTokens({ folder: join(resolve(data), 'oauth'), secrets });
  return new OAuthAccessTokens({ secrets, refreshTokens, post: postForm(clock), clock, log });
}
