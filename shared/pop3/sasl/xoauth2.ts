import { bearer, checkBearer, FIELD_END } from './bearer.ts';
import type { SaslClient } from './sasl-client.ts';

/** XOAUTH2, the form of Google and Microsoft: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol. */
export function xoauth2(username: string, token: string): SaslClient & { initial: Buffer } {
  checkBearer(username, token);
  const fields = [`user=${username}`, `auth=Bearer ${token}`, '', ''];
  return bearer({
    mechanism: 'XOAUTH2',
    initial: fields.join(FIELD_END),
    acknowledgement: '',
  });
}
