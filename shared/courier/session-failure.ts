import { constants } from 'node:os';

import { asFailure, Failure, isFailure, type FailureKind } from '../failure.ts';
import type { Conceal } from './secrecy.ts';
import { parseReply, type SmtpReply } from './smtp-reply.ts';

/** A session that could not be opened, with the server's reply where it gave one. Always temporary. */
export class SessionFailure extends Failure {
  readonly reply: SmtpReply | null;

  constructor(kind: FailureKind, message: string, reply: SmtpReply | null, cause: unknown) {
    super(kind, 'temporary', message, { cause });
    this.reply = reply;
  }
}

/** Errors of nodemailer carry these beside the message. */
interface NodemailerFields {
  readonly code?: unknown;
  /** What Node called the error, where nodemailer's own code took its place. */
  readonly originalCode?: unknown;
  readonly response?: unknown;
}

const KINDS: Readonly<Record<string, FailureKind>> = {
  ETLS: 'tls',
  EAUTH: 'login',
  ETIMEDOUT: 'timeout',
  EPROTOCOL: 'protocol',
};

/** Why a session could not be opened. nodemailer puts the reply behind its message; here it stands apart. */
export function sessionFailure(error: unknown, conceal: Conceal = (text) => text): SessionFailure {
  if (isFailure(error)) return new SessionFailure(error.kind, error.message, null, error);
  const kind = kindOf(error as NodemailerFields);
  const response = replyOf(error);
  if (response === null) return new SessionFailure(kind, asFailure(error).message, null, error);
  const what = kind === 'login' ? 'the server refused the login' : 'the server refused the session';
  // Without the cause: its message holds the reply as it came.
  return new SessionFailure(kind, what, parseReply(conceal(response)), null);
}

function kindOf({ code, originalCode }: NodemailerFields): FailureKind {
  // A refused certificate is an ESOCKET to nodemailer, like a reset.
  if (code === 'ESOCKET' && typeof originalCode === 'string' && !isOfTheLine(originalCode)) {
    return 'tls';
  }
  return (typeof code === 'string' ? KINDS[code] : undefined) ?? 'connect';
}

/** A system error, and not one of TLS; EPROTO is what Node says when the peer speaks something else. */
function isOfTheLine(code: string): boolean {
  return code in constants.errno && code !== 'EPROTO';
}

/** Why a transaction stopped, in words for those whom no reply reached. */
export function describeFault(error: unknown): string {
  const response = replyOf(error);
  return response === null ? asFailure(error).message : `the server said: ${response}`;
}

function replyOf(error: unknown): string | null {
  const { response } = error as NodemailerFields;
  return typeof response === 'string' ? response : null;
}
