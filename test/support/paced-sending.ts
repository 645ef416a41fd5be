import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';

import type { RuledAnswer } from './pop3-rule.ts';

/** Of a text that never ends, in one write: many small ones would take the test's time, not the connector's. */
const FLOOD_REPEATS = 32 * 1024;

/**
 * Sends an answer at the pace of its rule: later, in packets of so many octets, or without an end.
 * @param packetOctets null: as the system sends them
 */
export async function sendPaced(
  socket: Socket,
  { octets, endless, every, wait }: RuledAnswer,
  packetOctets: number | null,
): Promise<void> {
  // Nothing of the test is held up by a server that still waits.
  if (wait > 0) await pause(wait, undefined, { ref: false });
  const step = packetOctets ?? octets.length;
  for (let at = 0; at < octets.length && socket.writable; at += step) {
    socket.write(octets.subarray(at, at + step));
    // A turn of the event loop each, so that each arrives as a chunk of its own.
    if (packetOctets !== null) await turn();
  }
  if (endless === null) return;
  if (every === null) void flood(socket, Buffer.from(endless.repeat(FLOOD_REPEATS), 'latin1'));
  else void trickle(socket, Buffer.from(endless, 'latin1'), every);
}

async function trickle(socket: Socket, octets: Buffer, every: number): Promise<void> {
  while (socket.writable) {
    socket.write(octets);
    await pause(every, undefined, { ref: false });
  }
}

async function flood(socket: Socket, octets: Buffer): Promise<void> {
  while (socket.writable) {
    if (!socket.write(octets)) {
      const ended = new AbortController();
      const { signal } = ended;
      await Promise.race([
        once(socket, 'drain', { signal }),
        once(socket, 'close', { signal }),
      ]).catch(() => undefined);
      ended.abort();
    } else await turn();
  }
}
