import type { Socket } from 'node:net';

import type { ServerTls } from './pop3-host.ts';
import type { Listener } from './scripted-pop3-server.ts';
import { listen } from './scripted-pop3-server.ts';

/** One step of a server that plays a fixed part. `pause` lets the client read what was sent before. */
export type DialogueStep =
  | { readonly send: string | Buffer }
  | { readonly expect: string }
  | { readonly end: 'close' | 'reset' }
  | { readonly pause: true };

export interface ScriptedDialogue extends Listener {
  /** Lines received over all connections. */
  readonly received: readonly string[];
}

/**
 * Plays the same steps on each connection, then keeps silent. `expect` waits for a line that begins so; another line
 * ends the connection, so that a client that asks for something else fails rather than hangs.
 */
export async function startScriptedDialogue(
  steps: readonly DialogueStep[],
  tls: ServerTls | null = null,
): Promise<ScriptedDialogue> {
  const received: string[] = [];
  const listener = await listen(tls, (socket) => {
    void play(socket, steps, received);
  });
  return { ...listener, received };
}

async function play(
  socket: Socket,
  steps: readonly DialogueStep[],
  received: string[],
): Promise<void> {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  const nextLine = lineReader(socket, received);
  for (const step of steps) {
    if ('send' in step) socket.write(step.send);
    else if ('pause' in step) await turns(5);
    else if ('end' in step) {
      await turns(2);
      if (step.end === 'reset') socket.resetAndDestroy();
      else socket.end();
      return;
    } else if (!(await nextLine()).startsWith(step.expect)) {
      socket.destroy();
      return;
    }
  }
}

function lineReader(socket: Socket, received: string[]): () => Promise<string> {
  const lines: string[] = [];
  let rest = '';
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('latin1')).split('\r\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    received.push(...parts);
    wake();
  });
  return async () => {
    while (lines.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return lines.shift() ?? '';
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
