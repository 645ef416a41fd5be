import type { Connection } from './connection.ts';
import { MailRefused } from './maildrop.ts';
import { inFull } from './status-line.ts';
import type { StatusLine } from './status-line.ts';

/** Turns -ERR to a command for one message into {@link MailRefused}; the session goes on. */
export function expectMail(connection: Connection, command: string, reply: StatusLine): void {
  if (reply.status === 'ok') return;
  throw new MailRefused(
    `${connection.place} refused ${command}: ${connection.quote(inFull(reply))}`,
    reply.code,
  );
}
