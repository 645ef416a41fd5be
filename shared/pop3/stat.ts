import type { Connection } from './connection.ts';
import { FramingLost } from './maildrop.ts';

/** Count and octets (RFC 1939 section 5). No other answer begins with two numbers. */
const DROP_LISTING = /^\d+\s+\d+/;

/**
 * STAT, to see whether the answers are in step: after a line too many this would get the answer to another command.
 * @returns false: it was refused
 * @throws FramingLost
 */
export async function confirmByStat(connection: Connection): Promise<boolean> {
  const reply = await connection.send({ line: 'STAT', name: 'STAT' });
  if (reply.status !== 'ok') return false;
  if (DROP_LISTING.test(reply.text)) return true;
  const lost = new FramingLost(
    `expected ${connection.place} to answer STAT with count and octets, got "${connection.quote(reply.text)}"`,
  );
  connection.fail(lost);
  throw lost;
}
