import * as z from 'zod';

import { Failure } from '../failure.ts';
import { LoginRefused } from '../login-refused.ts';
import type { LoginRefusal } from '../login-refused.ts';
import { quoteServerText } from '../pop3/server-text.ts';
import type { OAuthSettings, SecretRef } from '../settings/settings.ts';

/** What a token endpoint answered, as it came. */
export interface EndpointAnswer {
  readonly status: number;
  readonly text: string;
}

export interface Grant {
  readonly accessToken: string;
  /** Seconds; null: the endpoint does not say. */
  readonly expiresIn: number | null;
  /** In place of the one that was used; null: that one stays. */
  readonly refreshToken: string | null;
}

/** RFC 6749 section 5.1. */
const success = z.object({
  access_token: z.string().min(1),
  token_type: z
    .string()
    .regex(/^bearer$/i)
    .optional(),
  expires_in: z.coerce.number().nonnegative().optional().catch(undefined),
  refresh_token: z.string().min(1).optional().catch(undefined),
});

/** RFC 6749 section 5.2. */
const refusal = z.object({
  error: z.string(),
  error_description: z.string().optional().catch(undefined),
});

/** Somebody has to sign in, or the client's secret is to be set anew. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  ...['invalid_grant', 'interaction_required', 'login_required', 'consent_required'],
  ...['invalid_client', 'unauthorized_client', 'access_denied'],
]);
const CLIENT: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client']);
const TEMPORARY: ReadonlySet<string> = new Set([
  ...['temporarily_unavailable', 'server_error', 'slow_down'],
]);
/** Request time-out, too early, too many requests. */
const TEMPORARY_STATUS: ReadonlySet<number> = new Set([408, 425, 429]);

/** What went out, so that an answer can be told in words and with none of its secrets. */
export interface AskedEndpoint {
  readonly oauth: OAuthSettings;
  readonly secrets: readonly string[];
}

/**
 * Reads the answer of a token endpoint.
 * @throws LoginRefused when it refused, with what to do
 * @throws Failure `protocol`, temporary, when it is no answer of a token endpoint
 */
export function readAnswer(answer: EndpointAnswer, asked: AskedEndpoint): Grant {
  const json = jsonOf(answer.text);
  if (answer.status === 200) return readGrant(json, asked);
  const refused = refusal.safeParse(json);
  const code = refused.success ? refused.data.error : '';
  const kind = refusalOf(answer.status, code);
  const shown = code === '' ? `HTTP status ${answer.status}` : quoted(code, asked);
  const more = refused.success ? quoted(refused.data.error_description ?? '', asked) : '';
  const said = more === '' ? shown : `${shown}: ${more}`;
  throw new LoginRefused(
    kind,
    `${placeOf(asked)} gave no token (${said})${advice(answer, code, asked)}`,
  );
}

function readGrant(json: unknown, asked: AskedEndpoint): Grant {
  const read = success.safeParse(json);
  if (!read.success) {
    const where = read.error.issues.map((issue) => issue.path.join('.') || 'the answer').join(', ');
    throw new Failure(
      'protocol',
      'temporary',
      `expected a bearer token as JSON from ${placeOf(asked)}, got something else at: ${where}`,
    );
  }
  const { access_token: accessToken, expires_in: expiresIn, refresh_token: next } = read.data;
  return { accessToken, expiresIn: expiresIn ?? null, refreshToken: next ?? null };
}

function refusalOf(status: number, code: string): LoginRefusal {
  if (TEMPORARY.has(code) || TEMPORARY_STATUS.has(status) || status >= 500) {
    return 'system-temporary';
  }
  return CREDENTIALS.has(code) ? 'credentials' : 'other';
}

/** What to do, in words that follow the server's. */
function advice({ status }: EndpointAnswer, code: string, { oauth }: AskedEndpoint): string {
  if (refusalOf(status, code) === 'system-temporary') return '';
  if (CLIENT.has(code)) {
    return `; the client ${oauth.clientId} or its secret is not accepted: make a new secret and put it into ${nameOf(oauth.clientSecret, 'oauth.clientSecret')}`;
  }
  if (CREDENTIALS.has(code) && oauth.refreshToken !== null) {
    return `; the refresh token has expired or was revoked, or somebody has to consent: sign in again and put the new refresh token into ${nameOf(oauth.refreshToken, 'oauth.refreshToken')}`;
  }
  if (status >= 300 && status < 400) {
    return '; a redirect is not followed, since it would take the secrets along: set oauth.tokenUrl to where it leads';
  }
  return '; look at clientId, tenant, tokenUrl, scope and grant of its oauth block';
}

function nameOf(ref: SecretRef | null, setting: string): string {
  return ref?.kind === 'named' ? `the secret ${ref.name}` : setting;
}

function placeOf({ oauth }: AskedEndpoint): string {
  return `token endpoint ${new URL(oauth.tokenUrl).host}`;
}

function quoted(text: string, { secrets }: AskedEndpoint): string {
  return quoteServerText(text, secrets);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
