import { Failure } from '../failure.ts';
import type { ReplyBody } from './reply-body.ts';

/** One command and the answer it expects. */
export interface Command {
  /** The line as sent, without its line end. */
  readonly line: string;
  /** What errors call it: the verb, and never an argument that is a secret. */
  readonly name: string;
  /** Reader of the lines that follow +OK; absent for a single-line answer. */
  readonly body?: ReplyBody;
  /** Whether `+` may answer it (RFC 5034): only in a SASL exchange. */
  readonly challenge?: boolean;
  /** STLS: nothing may follow its +OK on the unencrypted connection. */
  readonly lastInClear?: boolean;
}

/**
 * The octets of a command line.
 * A CR, LF or NUL in an argument would end the line and start another: a user name `u<CRLF>DELE 1` deletes mail.
 * @throws Failure `protocol`, permanent
 */
export function encodeCommand(command: Command): Buffer {
  if (hasLineBreak(command.line)) {
    throw new Failure(
      'protocol',
      'permanent',
      `expected one line to send as ${command.name}, got a line break or NUL in it; nothing was sent`,
    );
  }
  return Buffer.from(`${command.line}\r\n`, 'utf8');
}

export function hasLineBreak(text: string): boolean {
  return text.includes('\r') || text.includes('\n') || text.includes('\0');
}
