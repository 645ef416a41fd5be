import { LoginRefused } from '../../login-refused.ts';
import type { SaslClient } from './sasl-client.ts';
import { SaslFault } from './sasl-client.ts';

/** What both forms of a bearer token share: octet 1 ends a field, and a refusal comes as JSON before its -ERR. */
export const FIELD_END = '\x01';

/** Wider than RFC 6750 section 2.1, as some providers' tokens are; no octet that would end the field. */
const TOKEN = /^[!-~]+$/;
const CONTROL = /\p{Cc}/u;

export interface BearerOptions {
  readonly mechanism: 'XOAUTH2' | 'OAUTHBEARER';
  readonly initial: string;
  /** What the client says to a refusal, so that the server gets to its -ERR. */
  readonly acknowledgement: string;
}

export function bearer(options: BearerOptions): SaslClient & { initial: Buffer } {
  let detail: string | null = null;
  return {
    mechanism: options.mechanism,
    initial: Buffer.from(options.initial, 'utf8'),
    // Tokens have a thousand octets and more, and the servers that know the one-line form alone take them.
    longInitial: true,
    get detail() {
      return detail;
    },
    respond: (challenge) => {
      if (detail !== null) throw new SaslFault('expected a verdict, got another challenge');
      detail = challenge.toString('utf8');
      return Buffer.from(options.acknowledgement, 'utf8');
    },
    finish: () => {
      if (detail !== null)
        throw new SaslFault('expected -ERR after the token was refused, got +OK');
    },
  };
}

/** @throws LoginRefused `other`: a control character would add a field of its own */
export function checkBearer(username: string, token: string): void {
  if (CONTROL.test(username)) {
    throw new LoginRefused('other', 'expected a user name without control characters for OAuth');
  }
  if (!TOKEN.test(token)) {
    throw new LoginRefused(
      'other',
      'expected an access token of printable ASCII from the token endpoint, got something else',
    );
  }
}
