import type { Connection } from './connection.ts';

/** NOOP (RFC 1939 section 5). An -ERR is an answer as well: the question is whether one comes. */
export async function noop(connection: Connection): Promise<'ok' | 'refused'> {
  const reply = await connection.send({ line: 'NOOP', name: 'NOOP' });
  return reply.status === 'ok' ? 'ok' : 'refused';
}
