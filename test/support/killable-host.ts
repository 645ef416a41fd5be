import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HOST = fileURLToPath(new URL('./drain-host.ts', import.meta.url));
/** A run that has not ended by then hangs: every wait in it has a deadline. */
const RUN_WITHIN_MS = 120_000;

export interface KillableRun {
  /** Where the data lies. */
  readonly folder: string;
  readonly configuration: unknown;
  /** How far the host's time lies ahead. */
  readonly aheadMs: number;
  /** `kill -9` so long after it opened the folder; null: it may end by itself. */
  readonly killAfterMs: number | null;
}

/**
 * One run of the embedded host in a process of its own.
 * @returns how it ended
 * @throws Error when it failed otherwise than by the kill
 */
export async function runKillable(run: KillableRun): Promise<'killed' | 'ended'> {
  const settingsFile = join(run.folder, 'settings.json');
  writeFileSync(settingsFile, JSON.stringify(run.configuration));
  const child = spawn(
    process.execPath,
    [HOST, join(run.folder, 'data'), settingsFile, String(run.aheadMs)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const errors: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  const tooLong = setTimeout(kill, RUN_WITHIN_MS);
  let killing: NodeJS.Timeout | undefined;
  child.stdout.once('data', () => {
    if (run.killAfterMs !== null) killing = setTimeout(kill, run.killAfterMs);
  });
  process.once('exit', kill);
  const [status] = (await once(child, 'close')) as [number | null];
  process.removeListener('exit', kill);
  clearTimeout(tooLong);
  clearTimeout(killing);
  if (status === 0) return 'ended';
  if (status === null && run.killAfterMs !== null) return 'killed';
  const words = Buffer.concat(errors).toString('utf8').slice(-2000);
  throw new Error(`expected the host to end with status 0, got ${String(status)}: ${words}`);
}
