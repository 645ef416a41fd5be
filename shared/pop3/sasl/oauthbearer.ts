import { bearer, checkBearer, FIELD_END } from './bearer.ts';
import type { SaslClient } from './sasl-client.ts';
import { saslName } from './sasl-name.ts';

/** OAUTHBEARER (RFC 7628 section 3.1). */
export function oauthBearer(
  username: string,
  token: string,
  server: { readonly host: string; readonly port: number },
): SaslClient & { initial: Buffer } {
  checkBearer(username, token);
  const fields = [
    `n,a=${saslName(username)},`,
    `host=${server.host}`,
    `port=${server.port}`,
    `auth=Bearer ${token}`,
    '',
    '',
  ];
  return bearer({
    mechanism: 'OAUTHBEARER',
    initial: fields.join(FIELD_END),
    acknowledgement: FIELD_END,
  });
}
