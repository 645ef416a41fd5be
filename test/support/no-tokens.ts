import type { AccessTokens } from '../../shared/oauth/access-tokens.ts';

/** For mailboxes with a password: whoever asks for a token is wrong. */
export const noTokens: AccessTokens = {
  token: () => Promise.reject(new Error('expected nobody to ask for an access token')),
  secretsOf: () => Promise.reject(new Error('expected nobody to ask for the secrets of OAuth')),
};
