import { Failure } from '../failure.ts';
import type { Connection } from './connection.ts';

/**
 * QUIT: the server enters the UPDATE state and deletes (RFC 1939 section 6). -ERR there means that some marked
 * messages may still be on the server.
 * @throws Failure `protocol`, temporary, on -ERR
 */
export async function quit(connection: Connection): Promise<void> {
  const reply = await connection.send({ line: 'QUIT', name: 'QUIT' });
  const { place } = connection;
  connection.fail(new Failure('protocol', 'temporary', `session with ${place} is over`));
  if (reply.status === 'ok') return;
  throw new Failure(
    'protocol',
    'temporary',
    `expected ${place} to delete at QUIT, got: ${connection.quote(reply.text)}`,
  );
}
