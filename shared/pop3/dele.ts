import type { Connection } from './connection.ts';
import { expectMail } from './mail-refused.ts';
import type { MessageNumber } from './maildrop.ts';

/** DELE (RFC 1939 section 5): a mark, which the server acts on at QUIT. */
export async function dele(connection: Connection, number: MessageNumber): Promise<void> {
  const line = `DELE ${number}`;
  expectMail(connection, line, await connection.send({ line, name: line }));
}
