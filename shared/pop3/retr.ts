import type { Connection } from './connection.ts';
import { expectMail } from './mail-refused.ts';
import type { MailSink, MessageNumber } from './maildrop.ts';
import { MailRefused } from './maildrop.ts';
import { MessageBody } from './message-body.ts';

/**
 * RETR (RFC 1939 section 5). The size in its +OK is not compared with what comes: servers count without the line end
 * that they add, or before stuffing.
 */
export async function retrieve(
  connection: Connection,
  number: MessageNumber,
  sink: MailSink,
): Promise<void> {
  const line = `RETR ${number}`;
  const body = new MessageBody(sink, connection.lineEnds);
  expectMail(connection, line, await connection.send({ line, name: line, body }));
  // Not even an empty line: no message looks so, but a server whose file is gone does. Deleting it would lose mail.
  if (body.empty) throw new MailRefused(`${connection.place}: empty answer to ${line}`);
  // One +OK too many stood before the true one. No mail begins so, since its header begins with a field's name.
  if (body.beginsWithStatus) {
    throw new MailRefused(`${connection.place}: two status lines in the answer to ${line}`);
  }
}
