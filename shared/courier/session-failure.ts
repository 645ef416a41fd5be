import { constants } from 'node:os';

import { asFailure, Failure, isFailure, type FailureKind } from '../failure.ts';
import { tlsReason } from '../tls/tls-reason.ts';
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
  /** The command that it met. */
  readonly command?: unknown;
}

const KINDS: Readonly<Record<string, FailureKind>> = {
  ETLS: 'tls',
  EAUTH: 'login',
  ETIMEDOUT: 'timeout',
  EPROTOCOL: 'protocol',
};

/**
 * Why a session could not be opened. nodemailer puts the reply behind its message; here it stands apart.
 * @param where `mail.corp.example:587`
 */
export function sessionFailure(
  error: unknown,
  where: string,
  conceal: Conceal = (text) => text,
): SessionFailure {
  if (isFailure(error)) return new SessionFailure(error.kind, error.message, null, error);
  const fields = error as NodemailerFields;
  const kind = kindOf(fields);
  const response = replyOf(error);
  if (response === null) return new SessionFailure(kind, wordsOf(error, kind, where), null, error);
  // Without the cause: its message holds the reply as it came.
  return new SessionFailure(kind, refusedIn(fields, kind), parseReply(conceal(response)), null);
}

function wordsOf(error: unknown, kind: FailureKind, where: string): string {
  const { originalCode } = error as NodemailerFields;
  const isHandshake = kind === 'tls' && error instanceof Error && typeof originalCode === 'string';
  if (isHandshake) return `no TLS with ${where}: ${tlsReason(error, originalCode)}`;
  return asFailure(error).message;
}

function refusedIn({ command }: NodemailerFields, kind: FailureKind): string {
  if (command === 'STARTTLS') return 'expected TLS by STARTTLS, which the server refused';
  return kind === 'login' ? 'the server refused the login' : 'the server refused the session';
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
