import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from './free-port.ts';
import { startServerProcess } from './server-process.ts';
import { requireProgram } from './system-packages.ts';

/** Connections that may wait to be accepted. */
const BACKLOG = 100;

export interface SmtpSink {
  readonly port: number;
  readonly pid: number;
  /** Messages taken so far. */
  count(): number;
  stop(): Promise<void>;
}

/**
 * Postfix's `smtp-sink`: takes any mail and throws it away, so that a benchmark measures the client.
 *
 * @param options.dumpFolder keeps each message there as a file (slower)
 * @param options.everywhere listens on every address, not on loopback alone
 */
export async function startSmtpSink(
  options: { dumpFolder?: string; everywhere?: boolean } = {},
): Promise<SmtpSink> {
  const program = requireProgram('smtp-sink', 'postfix');
  const port = await freePort();
  let count = 0;
  const dump = options.dumpFolder === undefined ? [] : dumpArguments(options.dumpFolder);
  // As root it demands a user to become; anybody else runs as who they are.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const place = options.everywhere === true ? `0.0.0.0:${port}` : `127.0.0.1:${port}`;
  const server = await startServerProcess({
    program,
    args: ['-c', ...user, ...dump, '-h', 'sink.test', place, String(BACKLOG)],
    port,
    onOutput: (text) => {
      // The counters are written over each other on one line: the last one holds.
      const shown = [...text.matchAll(/mesg=(\d+)/g)].at(-1)?.[1];
      if (shown !== undefined) count = Number(shown);
    },
  });
  return { port, pid: server.pid, count: () => count, stop: () => server.stop() };
}

function dumpArguments(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  // The sink writes as the user nobody.
  chmodSync(folder, 0o777);
  return ['-d', join(folder, '%Y%m%d%H%M%S.')];
}
