import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
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
export function makeScratchFolder(name: string): ScratchFolder {
  const path = mkdtempSync(join(tmpdir(), `mailferry-${name}-`));
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
