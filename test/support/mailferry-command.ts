import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The command as a checkout has it. */
export const MAILFERRY = fileURLToPath(new URL('../../manager/mailferry.js', import.meta.url));

export interface CommandResult {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way: `child.pid` is Node itself, so that a signal meets the program and no shell. */
export interface RunningCommand {
  readonly child: ChildProcess;
  /** What it has written to standard error so far. */
  stderr(): string;
  readonly result: Promise<CommandResult>;
}

/**
 * Starts the command as a user would, with this Node. It ends with the test process at the latest.
 * @param input what stands on its standard input, which is empty without it
 */
export function startMailferry(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
): RunningCommand {
  const child = spawn(process.execPath, [MAILFERRY, ...words], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // A command that reads nothing of it has ended before.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const killAtExit = (): void => {
    child.kill('SIGKILL');
  };
  // Before the hook that removes the folder, or what still runs writes it anew.
  process.prependOnceListener('exit', killAtExit);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const stderr = (): string => Buffer.concat(err).toString('utf8');
  const result = new Promise<CommandResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      process.removeListener('exit', killAtExit);
      resolve({ status, signal, stdout: Buffer.concat(out).toString('utf8'), stderr: stderr() });
    });
  });
  return { child, stderr, result };
}

export function runMailferry(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
): Promise<CommandResult> {
  return startMailferry(words, environment, input).result;
}
