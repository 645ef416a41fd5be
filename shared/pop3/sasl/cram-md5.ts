import { createHmac } from 'node:crypto';

import type { SaslClient } from './sasl-client.ts';
import { SaslFault } from './sasl-client.ts';

/** CRAM-MD5 (RFC 2195): HMAC-MD5 of the server's challenge under the password. */
export function cramMd5(username: string, password: string): SaslClient {
  let answered = false;
  return {
    mechanism: 'CRAM-MD5',
    initial: null,
    respond: (challenge) => {
      if (answered) throw new SaslFault('expected a verdict, got another challenge');
      // The answer to an empty one would be the same each time: whoever saw it once could log in with it.
      if (challenge.length === 0) throw new SaslFault('expected a challenge, got an empty one');
      answered = true;
      const proof = createHmac('md5', Buffer.from(password, 'utf8'));
      return Buffer.from(`${username} ${proof.update(challenge).digest('hex')}`, 'utf8');
    },
  };
}
