import { accessSync, chmodSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ScratchFolder {
  readonly path: string;
  /** May be called twice. */
  remove(): void;
}

/**
 * A fresh folder under the system's temporary folder, open for passing through: servers give up root and must
 * still reach what lies in it. Removed by `remove()`, or at the latest when this process exits, so that a failed
 * test leaves nothing behind.
 */
export function makeScratchFolder(name: string, parent: string = tmpdir()): ScratchFolder {
  const path = mkdtempSync(join(parent, `mailferry-${name}-`));
  chmodSync(path, 0o755);
  const erase = (): void => {
    rmSync(path, { recursive: true, force: true });
  };
  process.once('exit', erase);
  return {
    path,
    remove: () => {
      process.removeListener('exit', erase);
      erase();
    },
  };
}

/**
 * Where syncing costs nothing, for stories of many small runs whose subject is not what survives a loss of power. The
 * system's temporary folder where there is no such place.
 */
export function memoryFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}
