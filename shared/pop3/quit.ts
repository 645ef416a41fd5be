import { Failure } from '../failure.ts';
import { POP3_QUIT_MS } from '../limits.ts';
import type { Connection } from './connection.ts';
import { inFull } from './status-line.ts';

/**
 * QUIT: the server enters the UPDATE state and deletes (RFC 1939 section 6). -ERR there means that some marked
 * messages may still be on the server.
 * @throws Failure `protocol`, temporary, on -ERR
 */
export async function quit(connection: Connection): Promise<void> {
  const reply = await connection.send({ line: 'QUIT', name: 'QUIT' });
  const { place } = connection;
  connection.fail(over(connection));
  if (reply.status === 'ok') return;
  throw new Failure(
    'protocol',
    'temporary',
    `expected ${place} to delete at QUIT, got: ${connection.quote(inFull(reply))}`,
  );
}

/** QUIT when nothing was marked: no mail depends on the answer, and servers that just hang up are many. */
export async function takeLeave(connection: Connection): Promise<void> {
  const isOver = over(connection);
  const timer = setTimeout(() => {
    connection.fail(isOver);
  }, POP3_QUIT_MS);
  try {
    await connection.send({ line: 'QUIT', name: 'QUIT' });
    connection.fail(isOver);
  } catch (error) {
    // Whatever the server does now, the session has done what it was for.
    if (error !== isOver && !connection.brokenByServer) throw error;
  } finally {
    clearTimeout(timer);
  }
}

function over({ place }: Connection): Failure {
  return new Failure('protocol', 'temporary', `session with ${place} is over`);
}
