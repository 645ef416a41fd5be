import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

/** How much of the command's log a failed test quotes. */
const QUOTED = 2000;

/** The command as a checkout has it. */
export const MAILFERRY = fileURLToPath(new URL('../../manager/mailferry.ts', import.meta.url));

export interface MailboxSummary {
  readonly id: string;
  readonly status: 'ok' | 'busy' | 'failed' | 'partial';
  readonly fetched: number;
  readonly bytes: number;
  readonly left: number;
  readonly error: { readonly kind: string; readonly message: string } | null;
}

/** What `run --once --json` prints. */
export interface RunSummary {
  readonly mailboxes: readonly MailboxSummary[];
  readonly messages: Readonly<Record<string, number>>;
}

export interface RunResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A configuration in a folder of its own, and the data folder beside it. */
export interface Installation {
  readonly configFile: string;
  readonly dataFolder: string;
  readonly args: readonly string[];
}

/**
 * Writes configuration and secrets into `folder`.
 *
 * @param secrets name to value; the file is readable by its owner alone, as the command demands
 */
export function install(
  folder: string,
  configuration: unknown,
  secrets: Readonly<Record<string, string>>,
): Installation {
  mkdirSync(folder, { recursive: true });
  const configFile = join(folder, 'mailferry.yaml');
  const secretsFile = join(folder, 'secrets.yaml');
  const dataFolder = join(folder, 'data');
  writeFileSync(configFile, stringify(configuration));
  writeFileSync(secretsFile, stringify(secrets), { mode: 0o600 });
  const args = ['run', '--once', '--json', '--config', configFile, '--data', dataFolder];
  return { configFile, dataFolder, args: [...args, '--secrets', secretsFile] };
}

/** A run under way: `child.pid` is Node itself, so that a signal meets the program and no shell. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly result: Promise<RunResult>;
}

export function startRunOnce(installation: Installation): RunningCommand {
  const child = spawn(process.execPath, [MAILFERRY, ...installation.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that fails meanwhile must not leave the program running.
  const killAtExit = (): void => {
    child.kill('SIGKILL');
  };
  // Before the hook that removes the folder, or what still runs writes it anew.
  process.prependOnceListener('exit', killAtExit);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const result = new Promise<RunResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      process.removeListener('exit', killAtExit);
      const [out, err] = [stdout, stderr].map((chunks) => Buffer.concat(chunks).toString('utf8'));
      resolve({ status, signal, stdout: out ?? '', stderr: err ?? '' });
    });
  });
  return { child, result };
}

/** @throws Error with what the command printed, when that is no summary */
export async function runOnce(installation: Installation): Promise<{
  readonly status: number | null;
  readonly summary: RunSummary;
  readonly stderr: string;
}> {
  const { status, signal, stdout, stderr } = await startRunOnce(installation).result;
  try {
    return { status, summary: JSON.parse(stdout) as RunSummary, stderr: stderr.slice(-QUOTED) };
  } catch {
    throw new Error(
      `expected a JSON summary from mailferry run --once, got exit status ${String(status ?? signal)} and ${JSON.stringify(stdout.slice(0, 500))}; stderr: ${stderr.slice(-QUOTED)}`,
    );
  }
}
