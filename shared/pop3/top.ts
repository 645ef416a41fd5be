import type { Connection } from './connection.ts';
import { expectMail } from './mail-refused.ts';
import type { MailSink, MessageNumber } from './maildrop.ts';
import { MessageBody } from './message-body.ts';

/** `TOP n 0` (RFC 1939 section 7): the header block and the empty line that ends it. */
export async function top(
  connection: Connection,
  number: MessageNumber,
  sink: MailSink,
): Promise<void> {
  const line = `TOP ${number} 0`;
  // Copied, not lent: a header block is small, and whoever asks for one keeps it.
  const body = new MessageBody(
    { write: (chunk) => sink.write(Buffer.from(chunk)) },
    connection.lineEnds,
  );
  expectMail(connection, line, await connection.send({ line, name: line, body }));
}
