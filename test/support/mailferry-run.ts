import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { stringify } from 'yaml';

import type { RunSummary } from '../../functions/api/run-summary.ts';
import { startMailferry } from './mailferry-command.ts';
import type { CommandResult, RunningCommand } from './mailferry-command.ts';

/** How much of the command's log a failed test quotes. */
const QUOTED = 2000;

/** A configuration in a folder of its own, and the data folder beside it. */
export interface Installation {
  readonly configFile: string;
  readonly dataFolder: string;
  /** `--config`, `--data` and `--secrets`. */
  readonly common: readonly string[];
  /** `run --once --json` on it. */
  readonly args: readonly string[];
}

/**
 * Writes configuration and secrets into `folder`.
 * @param configuration plain data, or the very text of the file
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
  writeFileSync(
    configFile,
    typeof configuration === 'string' ? configuration : stringify(configuration),
  );
  writeFileSync(secretsFile, stringify(secrets), { mode: 0o600 });
  const common = ['--config', configFile, '--data', dataFolder, '--secrets', secretsFile];
  return { configFile, dataFolder, common, args: ['run', '--once', '--json', ...common] };
}

export function startRunOnce(installation: Installation): RunningCommand {
  return startMailferry(installation.args);
}

export interface RunOnceResult {
  readonly status: number | null;
  readonly summary: RunSummary;
  readonly stderr: string;
}

/** @throws Error with what the command printed, when that is no summary */
export async function runOnce(installation: Installation): Promise<RunOnceResult> {
  return readSummary(await startRunOnce(installation).result);
}

/** @throws Error as {@link runOnce} */
export function readSummary({ status, signal, stdout, stderr }: CommandResult): RunOnceResult {
  try {
    return { status, summary: JSON.parse(stdout) as RunSummary, stderr };
  } catch {
    throw new Error(
      `expected a JSON summary from mailferry run --once, got exit status ${String(status ?? signal)} and ${JSON.stringify(stdout.slice(0, 500))}; stderr: ${stderr.slice(-QUOTED)}`,
    );
  }
}
