import { createHash, createHmac } from 'node:crypto';

import type { Mailbox, OAuthSettings, SecretRef } from './settings.ts';

/** What decides which server is logged in to, as whom and how. */
type ConnectionSettings = Pick<
  Mailbox,
  | 'host'
  | 'port'
  | 'tls'
  | 'allowCleartext'
  | 'ca'
  | 'fingerprint'
  | 'serverName'
  | 'username'
  | 'auth'
  | 'password'
  | 'oauth'
>;

/** Keeps this use of a key apart from every other use of the same key. */
const PURPOSE = 'mailferry credentials 1';

/**
 * A digest of a mailbox's connection settings: another one means that somebody changed them. Of a secret it holds
 * the name alone, and nothing of one that stands plainly in the configuration, since whoever has the ledger could
 * guess what a plain digest stands for.
 */
export function connectionDigest(mailbox: ConnectionSettings): string {
  return createHash('sha256')
    .update(JSON.stringify(partsOf(mailbox)))
    .digest('base64url');
}

/**
 * A digest of the connection settings with the secret that is used there: what the ledger remembers a refused password
 * by. Keyed, so that nobody who reads the ledger alone can try passwords against it.
 * @param key octets that are kept apart from the ledger
 * @param secrets the values behind the mailbox's references, in a fixed order
 */
export function credentialsDigest(
  key: Buffer,
  mailbox: ConnectionSettings,
  secrets: readonly string[],
): string {
  const own = createHmac('sha256', key).update(PURPOSE).digest();
  const text = JSON.stringify([partsOf(mailbox), secrets]);
  return createHmac('sha256', own).update(text).digest('base64url');
}

function partsOf(mailbox: ConnectionSettings): readonly unknown[] {
  const { host, port, tls, allowCleartext, ca, fingerprint, username, auth, password } = mailbox;
  const line = [host.toLowerCase(), port, tls, allowCleartext, ca, fingerprint, username, auth];
  // Only where it is set: digests of before the setting was there still hold.
  const name = mailbox.serverName === undefined ? [] : [{ serverName: mailbox.serverName }];
  return [...line, ...name, nameOf(password), ...tokenParts(mailbox.oauth)];
}

function tokenParts(oauth: OAuthSettings | null): readonly unknown[] {
  if (oauth === null) return [];
  const { tokenUrl, clientId, scope, grant, clientSecret, refreshToken } = oauth;
  return [tokenUrl, clientId, scope, grant, nameOf(clientSecret), nameOf(refreshToken)];
}

function nameOf(ref: SecretRef | null): string | null {
  return ref?.kind === 'named' ? ref.name : null;
}
