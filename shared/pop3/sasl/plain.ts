import type { SaslClient } from './sasl-client.ts';
import { SaslFault } from './sasl-client.ts';

/** SASL PLAIN (RFC 4616): no authorization identity, user name, password. */
export function plain(username: string, password: string): SaslClient & { initial: Buffer } {
  return {
    mechanism: 'PLAIN',
    initial: Buffer.from(`\0${username}\0${password}`, 'utf8'),
    respond: () => {
      throw new SaslFault('expected a verdict on user name and password, got another challenge');
    },
  };
}
