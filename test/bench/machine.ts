import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';

import { MAILFERRY } from '../support/mailferry-command.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { fileSystemOf } from './file-system.ts';

/** What the figures were taken on: the file system is the one that every client writes to. */
export function machineInWords(): string {
  const scratch = makeScratchFolder('bench');
  const fileSystem = fileSystemOf(scratch.path);
  scratch.remove();
  return (
    `Node ${process.version}, ${cpus().length} processors, load ${(loadavg()[0] ?? 0).toFixed(1)} at the start; ` +
    `all write to the file system ${fileSystem}`
  );
}

/**
 * The first start after an installation compiles all sources; every other one finds them compiled.
 * @param script that ends soon and by itself, even by an error
 */
export function warmUp(script = MAILFERRY): void {
  spawnSync(process.execPath, [script, '--help'], { stdio: 'ignore' });
}
