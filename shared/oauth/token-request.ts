import type { OAuthSettings } from '../settings/settings.ts';

/** The secrets of one request, by value. */
export interface TokenSecrets {
  readonly clientSecret: string | null;
  readonly refreshToken: string | null;
}

/** The form of a request to the token endpoint (RFC 6749 sections 4.4.2 and 6), the client's secret in it (2.3.1). */
export function tokenForm(oauth: OAuthSettings, secrets: TokenSecrets): URLSearchParams {
  const form = new URLSearchParams({ grant_type: oauth.grant, client_id: oauth.clientId });
  if (secrets.clientSecret !== null) form.set('client_secret', secrets.clientSecret);
  if (secrets.refreshToken !== null) form.set('refresh_token', secrets.refreshToken);
  if (oauth.scope !== null) form.set('scope', oauth.scope);
  return form;
}
