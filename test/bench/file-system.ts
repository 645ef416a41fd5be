import { readFileSync, realpathSync } from 'node:fs';

/** Type of the file system that a folder lies on (Linux), `ext4` or `tmpfs`; it decides what a durable write costs. */
export function fileSystemOf(folder: string): string {
  const path = realpathSync(folder);
  const mounts = readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, mountPoint = '', type = '']) => ({ mountPoint, type }))
    .filter(({ mountPoint }) => holds(mountPoint, path));
  const longest = Math.max(...mounts.map(({ mountPoint }) => mountPoint.length));
  // A later mount on the same point hides the earlier one.
  return mounts.findLast(({ mountPoint }) => mountPoint.length === longest)?.type ?? 'unknown';
}

function holds(mountPoint: string, path: string): boolean {
  return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
}
