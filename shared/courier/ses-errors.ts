import type { HandOver } from './courier.ts';
import { faultVerdict, oneLine, type Verdict } from './reply-classification.ts';

export interface SesOutcome {
  readonly verdict: Verdict;
  readonly destination: HandOver['destination'];
}

/**
 * What speaks of the account, its rights, its rate or the service, and so of every message: mail waits. Names as both
 * versions of the API have them, without `Exception` at their end.
 */
const ACCOUNT = new Set([
  ...['Throttling', 'TooManyRequests', 'RequestLimitExceeded', 'LimitExceeded', 'SlowDown'],
  ...['AccountSendingPaused', 'ConfigurationSetSendingPaused', 'SendingPaused', 'AccountSuspended'],
  ...['ConfigurationSetDoesNotExist', 'NotFound', 'MailFromDomainNotVerified'],
  ...[
    'AccessDenied',
    'NotAuthorized',
    'OptInRequired',
    'UnrecognizedClient',
    'InvalidClientTokenId',
  ],
  ...['InvalidSignature', 'SignatureDoesNotMatch', 'IncompleteSignature', 'RequestExpired'],
  ...['ExpiredToken', 'MissingAuthenticationToken', 'CredentialsProviderError'],
]);

/** What SES says of this message: another attempt ends the same way. */
const REFUSED = new Set([
  'MessageRejected',
  'InvalidParameterValue',
  'BadRequest',
  'ValidationError',
]);

/** No request was sent. */
const UNREACHED = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
]);

/**
 * What a failed call to SES means. An error that nobody foresaw lets mail wait.
 * @param identities our own addresses: that one of them is not verified is the account's fault, not the message's
 */
export function sesOutcome(error: unknown, identities: readonly string[]): SesOutcome {
  const name = error instanceof Error ? error.name.replace(/Exception$/, '') : 'UnknownError';
  const message = error instanceof Error ? error.message : String(error);
  const text = oneLine(message === '' ? name : `${name}: ${message}`);
  if (REFUSED.has(name) && !isOwnIdentity(message, identities)) {
    const verdict: Verdict = { verdict: 'permanent', code: null, enhancedCode: null, text };
    return { verdict, destination: 'works' };
  }
  const status = statusOf(error);
  const concernsAll =
    ACCOUNT.has(name) || REFUSED.has(name) || UNREACHED.has(codeOf(error)) || (status ?? 0) >= 500;
  return { verdict: faultVerdict(text), destination: concernsAll ? 'down' : 'unclear' };
}

/** `Email address is not verified. The following identities failed the check in region …: a@x, b@y`. */
function isOwnIdentity(message: string, identities: readonly string[]): boolean {
  if (!/not verified/i.test(message)) return false;
  const said = message.toLowerCase();
  return identities.some((identity) => said.includes(identity.toLowerCase()));
}

/** HTTP status; null where no answer came. */
function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return null;
  const { httpStatusCode } = error.$metadata as { httpStatusCode?: number };
  return httpStatusCode ?? null;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}
