import { spawn, type ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import { livingProcesses } from './process-group.ts';

/** How much of a server's own output an error message quotes. */
const QUOTED_OUTPUT = 2000;
const POLL_MS = 20;
const START_MS = 15_000;
const GREETING_MS = 2000;

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** The server counts as started when it greets on this port of 127.0.0.1. */
  readonly port: number;
  /** Sees each piece of standard output as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Words for the error when the server does not start: its log. */
  readonly log?: () => string;
}

export interface ServerProcess {
  readonly pid: number;
  /**
   * SIGTERM to this process id, SIGKILL to its own process group after ten seconds; resolves when the last process
   * of that group is gone (a mail server's workers outlive their master by a moment, and still write).
   */
  stop(): Promise<void>;
}

/**
 * Starts a server in the foreground under its own process id (in its own process group, since a mail server's
 * master signals its whole group when it stops) and waits until it greets.
 *
 * @throws Error with the server's last words when it ends or stays silent instead
 */
export async function startServerProcess(command: ServerCommand): Promise<ServerProcess> {
  const child = spawn(command.program, command.args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const running = watch(child, command);
  try {
    await waitForGreeting(command, running);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

interface WatchedProcess extends ServerProcess {
  ended(): string | null;
  lastWords(): string;
}

function watch(child: ChildProcess, command: ServerCommand): WatchedProcess {
  let output = '';
  let ended: string | null = null;
  const keep = (text: string): void => {
    output = (output + text).slice(-QUOTED_OUTPUT);
  };
  child.stdout?.setEncoding('latin1').on('data', (text: string) => {
    keep(text);
    command.onOutput?.(text);
  });
  child.stderr?.setEncoding('latin1').on('data', keep);
  // The hook of last resort: a test run that is cut short must not leave a mail server behind.
  const killAtExit = (): void => {
    child.kill('SIGTERM');
  };
  // Before the hook that removes the folder, or what still runs writes it anew.
  process.prependOnceListener('exit', killAtExit);
  child.once('error', (error) => {
    ended = error.message;
  });
  child.once('exit', (code, signal) => {
    ended ??= `exit status ${String(code ?? signal)}`;
    process.removeListener('exit', killAtExit);
  });
  return {
    pid: child.pid ?? 0,
    ended: () => ended,
    lastWords: () => [output, command.log?.().slice(-QUOTED_OUTPUT) ?? ''].join('\n').trim(),
    stop: () => stopChild(child, () => ended !== null),
  };
}

const STOP_MS = 10_000;

async function stopChild(child: ChildProcess, hasEnded: () => boolean): Promise<void> {
  if (!hasEnded()) child.kill('SIGTERM');
  for (let waited = 0; !hasEnded() || groupIsAlive(child); waited += POLL_MS) {
    if (waited >= STOP_MS) killGroup(child);
    await pause(POLL_MS);
  }
}

function groupIsAlive({ pid }: ChildProcess): boolean {
  return pid !== undefined && livingProcesses(pid).length > 0;
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined && groupIsAlive(child)) process.kill(-child.pid, 'SIGKILL');
}

async function waitForGreeting(command: ServerCommand, running: WatchedProcess): Promise<void> {
  const place = `${command.program} to greet on port ${command.port}`;
  const until = performance.now() + START_MS;
  while (!(await greets(command.port))) {
    const ended = running.ended();
    if (ended !== null) throw new Error(`expected ${place}, got ${ended}: ${running.lastWords()}`);
    if (performance.now() > until) {
      throw new Error(
        `expected ${place} within ${START_MS} ms, it did not: ${running.lastWords()}`,
      );
    }
    await pause(POLL_MS);
  }
}

/**
 * Mail servers speak first. A connection alone proves little: the master listens before any of its processes can
 * serve, and one that is told to stop in that moment misses the signal and takes six seconds over it.
 */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: GREETING_MS });
    const settle = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.once('data', () => {
      settle(true);
    });
    for (const end of ['error', 'end', 'timeout']) {
      socket.once(end, () => {
        settle(false);
      });
    }
  });
}
