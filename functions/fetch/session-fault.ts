import type { Failure, FailureKind } from '../../shared/failure.ts';
import type { SessionFault } from '../../shared/ledger/mailbox-trouble.ts';
import { LoginRefused } from '../../shared/login-refused.ts';

/** Failures of a run in which a server was asked, or at least looked for. */
const ASKED: ReadonlySet<FailureKind> = new Set(['connect', 'tls', 'login', 'protocol', 'timeout']);

/**
 * What a failed run says of its mailbox. A server that refuses user name and password is told apart from one that
 * refuses for now: only the first may ever suspend a mailbox.
 */
export function faultKindOf(failure: Failure): SessionFault['kind'] {
  if (!ASKED.has(failure.kind)) return 'own';
  if (!(failure instanceof LoginRefused)) return 'server';
  switch (failure.refusal) {
    case 'credentials':
      return 'password';
    case 'in-use':
    case 'login-delay':
      return 'later';
    default:
      return 'server';
  }
}

/** Whether the server refused a login because it came too soon after another. */
export function isTooSoon(failure: Failure): boolean {
  return failure instanceof LoginRefused && failure.refusal === 'login-delay';
}
