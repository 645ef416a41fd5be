import type { SaslClient } from './sasl-client.ts';
import { SaslFault } from './sasl-client.ts';

/**
 * LOGIN (draft-murchison-sasl-login): the server asks for the user name, then for the password. Its prompts differ
 * from server to server and from language to language, so only their order counts.
 */
export function login(username: string, password: string): SaslClient {
  const answers = [username, password];
  return {
    mechanism: 'LOGIN',
    initial: null,
    respond: () => {
      const answer = answers.shift();
      if (answer === undefined) {
        throw new SaslFault('expected a verdict after the password, got another prompt');
      }
      return Buffer.from(answer, 'utf8');
    },
  };
}
