import { isLoopback } from './host-name.ts';
import type { Place } from './problem.ts';
import { GOOGLE, microsoftScope, microsoftTokenUrl } from './oauth-provider.ts';
import { warning, wrong } from './schema-fields.ts';
import { SECRET_FORM, secretRef, warnOfPlainSecret } from './schema-secret.ts';
import { block, choice, lineOfText, optional, orElse, scalar } from './schema-value.ts';
import type { Authentication, OAuthSettings, Problem, SecretRef } from './settings.ts';

/** A GUID, a domain, or one of Microsoft's words for more than one tenant: it becomes a part of a URL. */
const TENANT = /^[a-z0-9][a-z0-9.-]*$/i;

const tenant = scalar(
  'the tenant: its id or domain, common, organizations or consumers',
  (value) => (typeof value === 'string' && TENANT.test(value) ? value : null),
);

/** The secrets go there: readable for nobody on the way, except on this machine. */
const tokenUrl = scalar('an https URL', (value) => {
  if (typeof value !== 'string' || !URL.canParse(value)) return null;
  const url = new URL(value);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(host));
  return isSafe && url.username === '' && url.password === '' && url.hash === '' ? value : null;
});

export const oauthShape = {
  provider: choice(['microsoft', 'google', 'custom']),
  clientId: lineOfText,
  tenant: optional(tenant),
  tokenUrl: optional(tokenUrl),
  scope: optional(lineOfText),
  grant: orElse(choice(['refresh_token', 'client_credentials']), 'refresh_token'),
  clientSecret: optional(secretRef),
  refreshToken: optional(secretRef),
};

/** The `oauth` block of a mailbox (interfaces.md). */
export const oauth = block(oauthShape);

type OAuthFields = ReturnType<(typeof oauth)['parse']>;

/** The fields of a mailbox that say how to log in; undefined: wrong, and reported. */
export interface LoginFields {
  readonly auth: Authentication | undefined;
  readonly password: SecretRef | null | undefined;
  readonly oauth: OAuthFields | null | undefined;
}

export interface LoginSettings {
  readonly password: SecretRef | null;
  readonly oauth: OAuthSettings | null;
}

/**
 * A mailbox has a password or an `oauth` block. Checks what holds between these and `auth`.
 *
 * @returns null when something was wrong, here or in the fields
 */
export function readLogin(
  fields: LoginFields,
  place: Place,
  problems: Problem[],
): LoginSettings | null {
  const { auth, password, oauth: given } = fields;
  if (given === undefined) return null;
  warnOfPlainSecret(password, [...place, 'password'], problems);
  if (given !== null) return readTokenLogin({ auth, password, given }, place, problems);
  if (isForTokens(auth)) {
    const expected = `the oauth block that auth ${auth} gets its tokens by`;
    problems.push(wrong([...place, 'oauth'], expected, undefined));
    return null;
  }
  if (password === null) problems.push(wrong([...place, 'password'], SECRET_FORM, null));
  return password == null ? null : { password, oauth: null };
}

function isForTokens(auth: Authentication | undefined): auth is 'xoauth2' | 'oauthbearer' {
  return auth === 'xoauth2' || auth === 'oauthbearer';
}

function readTokenLogin(
  { auth, password, given }: Omit<LoginFields, 'oauth'> & { readonly given: OAuthFields },
  place: Place,
  problems: Problem[],
): LoginSettings | null {
  if (auth !== undefined && auth !== 'auto' && !isForTokens(auth)) {
    const expected = 'auto, xoauth2 or oauthbearer, since there is an oauth block';
    problems.push(wrong([...place, 'auth'], expected, auth));
  }
  if (password !== null && password !== undefined) {
    const expected = 'nothing beside an oauth block';
    problems.push(warning([...place, 'password'], expected, 'a password that is not used'));
  }
  const settings = readClient(given, [...place, 'oauth'], problems);
  return settings === null ? null : { password: null, oauth: settings };
}

function readClient(given: OAuthFields, place: Place, problems: Problem[]): OAuthSettings | null {
  const found: Problem[] = [];
  checkProvider(given, place, found);
  checkSecrets(given, place, found);
  problems.push(...found);
  for (const key of ['clientSecret', 'refreshToken'] as const) {
    warnOfPlainSecret(given[key], [...place, key], problems);
  }
  const url = given.tokenUrl ?? usualTokenUrl(given);
  const { provider, clientId, clientSecret, grant, refreshToken } = given;
  if (found.length > 0 || url === null) return null;
  const client = { provider, clientId, clientSecret, tokenUrl: url, scope: scopeOf(given) };
  if (grant === 'client_credentials') return { ...client, grant, refreshToken: null };
  return refreshToken === null ? null : { ...client, grant, refreshToken };
}

function checkProvider(given: OAuthFields, place: Place, problems: Problem[]): void {
  const { provider, grant } = given;
  if (provider === 'custom' && given.tokenUrl === null) {
    problems.push(wrong([...place, 'tokenUrl'], 'an https URL', undefined));
  }
  if (provider !== 'microsoft' && given.tenant !== null) {
    const expected = `no such setting with provider ${provider}`;
    problems.push(wrong([...place, 'tenant'], expected, given.tenant));
  }
  if (provider === 'microsoft' && grant === 'client_credentials' && given.tenant === null) {
    const expected = "the organisation's tenant, since client_credentials are given by one tenant";
    problems.push(wrong([...place, 'tenant'], expected, undefined));
  }
  if (provider === 'google' && grant === 'client_credentials') {
    const expected = 'refresh_token, the one grant that Google has for mail';
    problems.push(wrong([...place, 'grant'], expected, grant));
  }
}

function checkSecrets(given: OAuthFields, place: Place, problems: Problem[]): void {
  const { provider, grant, clientSecret, refreshToken } = given;
  const needsSecret = grant === 'client_credentials' || provider === 'google';
  if (needsSecret && clientSecret === null) {
    const why = grant === 'client_credentials' ? `grant ${grant}` : `provider ${provider}`;
    problems.push(wrong([...place, 'clientSecret'], `{ secret: name }, since ${why}`, undefined));
  }
  if (grant === 'refresh_token' && refreshToken === null) {
    const expected = `{ secret: name }, since grant ${grant}`;
    problems.push(wrong([...place, 'refreshToken'], expected, undefined));
  }
  if (grant === 'client_credentials' && refreshToken !== null) {
    const expected = `no such setting with grant ${grant}`;
    problems.push({ ...wrong([...place, 'refreshToken'], expected, undefined), got: 'a token' });
  }
}

function usualTokenUrl({ provider, tenant: given }: OAuthFields): string | null {
  if (provider === 'microsoft') return microsoftTokenUrl(given ?? 'common');
  return provider === 'google' ? GOOGLE.tokenUrl : null;
}

function scopeOf({ provider, scope, grant }: OAuthFields): string | null {
  if (scope !== null || provider === 'custom') return scope;
  return provider === 'microsoft' ? microsoftScope(grant) : GOOGLE.scope;
}
