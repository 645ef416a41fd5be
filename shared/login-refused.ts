import type { Permanence } from './failure.ts';
import { Failure } from './failure.ts';

/**
 * Why a server let nobody in. What follows differs: after `credentials` another try may lock the account; after
 * `in-use` and `login-delay` it helps to wait; the rest is a fault of the server or of the configuration, and the
 * password is not in doubt.
 *
 * - `credentials`: the server, or the token endpoint for it, judged user name and secret, and refused them
 * - `in-use`: another session has the maildrop
 * - `login-delay`: the provider wants more time between two logins
 * - `system-temporary`, `system-permanent`: the server's own fault, which passes or does not
 * - `other`: no login was possible, and nobody judged the secret: no mechanism in common, a wrong setting
 */
export type LoginRefusal =
  'credentials' | 'in-use' | 'login-delay' | 'system-temporary' | 'system-permanent' | 'other';

const PERMANENCE: Readonly<Record<LoginRefusal, Permanence>> = {
  credentials: 'permanent',
  'in-use': 'temporary',
  'login-delay': 'temporary',
  'system-temporary': 'temporary',
  'system-permanent': 'permanent',
  other: 'permanent',
};

/** A login that was answered, and refused. Connections that fail or break off are plain failures. */
export class LoginRefused extends Failure {
  readonly refusal: LoginRefusal;
  /** Extended response code (RFC 2449, RFC 3206) in upper case: `AUTH`, `IN-USE`, `LOGIN-DELAY`; null without one. */
  readonly responseCode: string | null;

  constructor(refusal: LoginRefusal, message: string, responseCode: string | null = null) {
    super('login', PERMANENCE[refusal], message);
    this.refusal = refusal;
    this.responseCode = responseCode;
  }
}
