import { LoginRefused } from '../../shared/login-refused.ts';
import type { AccessTokens } from '../../shared/oauth/access-tokens.ts';
import type {
  Maildrop,
  MaildropAddress,
  MaildropLogin,
  SessionLimits,
} from '../../shared/pop3/maildrop.ts';
import type { Mailbox, OAuthSettings, Secrets } from '../../shared/settings/settings.ts';

export interface OpenMailboxDeps<Session extends Maildrop = Maildrop> {
  readonly secrets: Secrets;
  readonly tokens: AccessTokens;
  readonly opener: {
    open(address: MaildropAddress, login: MaildropLogin, bounds: SessionLimits): Promise<Session>;
  };
}

/**
 * Logs in to a mailbox as its settings say, by password or by OAuth. Whoever opens a mailbox does it here, so that
 * `explain` and a run log in alike.
 * @throws Failure `secret`, and what opener and token endpoint throw
 */
export async function openMailbox<Session extends Maildrop>(
  deps: OpenMailboxDeps<Session>,
  mailbox: Mailbox,
  bounds: SessionLimits,
): Promise<Session> {
  const open = (secret: MaildropLogin['secret']): Promise<Session> =>
    deps.opener.open(
      mailbox,
      {
        username: mailbox.username,
        secret,
        auth: mailbox.auth,
        // Settings allow `tls: none` only with `allowCleartext` or on loopback, so there it is decided already.
        cleartextAllowed: mailbox.allowCleartext || mailbox.tls === 'none',
      },
      bounds,
    );
  const { oauth, password } = mailbox;
  if (oauth !== null) {
    return openByToken(deps.tokens, oauth, bounds, (value) => open({ kind: 'token', value }));
  }
  if (password === null) throw new LoginRefused('other', `mailbox ${mailbox.id} has no password`);
  return open({ kind: 'password', value: await deps.secrets.read(password) });
}

/**
 * The secrets that a login to a mailbox goes by, in a fixed order, for a digest: other ones mean that somebody changed
 * them. A refresh token that the provider rotated is not a change.
 * @throws Failure `secret`
 */
export async function loginSecrets(
  { secrets, tokens }: Pick<OpenMailboxDeps, 'secrets' | 'tokens'>,
  { oauth, password }: Pick<Mailbox, 'oauth' | 'password'>,
): Promise<readonly string[]> {
  if (oauth !== null) return tokens.secretsOf(oauth);
  return password === null ? [] : [await secrets.read(password)];
}

/** A token from an earlier request may have been revoked since: refused, it is renewed once. */
async function openByToken<Session>(
  tokens: AccessTokens,
  oauth: OAuthSettings,
  bounds: SessionLimits,
  open: (token: string) => Promise<Session>,
): Promise<Session> {
  const token = await tokens.token(oauth, bounds);
  if (token.fresh) return openAdvised(oauth, token.value, open);
  try {
    return await open(token.value);
  } catch (error) {
    if (!isJudged(error)) throw error;
    const renewed = await tokens.token(oauth, bounds, token.value);
    return openAdvised(oauth, renewed.value, open);
  }
}

async function openAdvised<Session>(
  oauth: OAuthSettings,
  token: string,
  open: (token: string) => Promise<Session>,
): Promise<Session> {
  try {
    return await open(token);
  } catch (error) {
    if (!isJudged(error)) throw error;
    const { refusal, message, responseCode } = error;
    throw new LoginRefused(refusal, `${message}; ${ADVICE[oauth.provider]}`, responseCode);
  }
}

function isJudged(error: unknown): error is LoginRefused {
  return error instanceof LoginRefused && error.refusal === 'credentials';
}

/** The token itself was just issued, so the mailbox or the application is not set up for it. */
const ADVICE: Readonly<Record<OAuthSettings['provider'], string>> = {
  microsoft:
    'the access token is new, so look at "username", whether POP is enabled for this mailbox, and the permission of the application (POP.AccessAsUser.All; for client_credentials POP.AccessAsApp, its service principal in Exchange Online, and access to this mailbox)',
  google:
    'the access token is new, so look at "username", whether POP is enabled in the settings of this mailbox, and the scope https://mail.google.com/',
  custom:
    'the access token is new, so look at "username" and at what the token is good for (scope, audience)',
};
