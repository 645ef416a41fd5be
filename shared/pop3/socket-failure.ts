import { Failure } from '../failure.ts';
import { tlsReason } from '../tls/tls-reason.ts';

/** Faults of the line, not of the certificate, though they may come in the midst of a TLS handshake. */
const LINE_FAULTS = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH']);

/** A socket's error in the words of a POP3 session; `place` is `host:port`. */
export function socketFailure(error: Error, place: string, securing: boolean): Failure {
  const code = codeOf(error);
  if (securing && !LINE_FAULTS.has(code)) return tlsFailure(error, code, place);
  return new Failure('connect', 'temporary', `connection to ${place}: ${reasonOf(error, code)}`, {
    cause: error,
  });
}

function tlsFailure(error: Error, code: string, place: string): Failure {
  const text = `TLS with ${place}: ${tlsReason(error, code)}`;
  return new Failure('tls', 'permanent', text, { cause: error });
}

/** Trying several addresses gives an AggregateError, whose own message is empty. */
function reasonOf(error: Error, code: string): string {
  if (!(error instanceof AggregateError)) return firstLine(error.message);
  const reasons = error.errors.map((each) =>
    each instanceof Error ? firstLine(each.message) : String(each),
  );
  return reasons.length > 0 ? reasons.join('; ') : code;
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function firstLine(text: string): string {
  return text.split(/[\r\n]/, 1)[0] ?? '';
}
