import { statSync } from 'node:fs';

/** Files with what they looked like just before they were read. */
export type FileStamps = ReadonlyMap<string, string>;

/**
 * A text that changes when the file does: written again, replaced by a rename, removed, or become readable. Taken
 * before reading, so that a change in between is read again and not missed.
 */
export function stampOf(file: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs, mode } = statSync(file, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs, mode].join(' ');
  } catch {
    return 'not there';
  }
}

export function isUnchanged(stamps: FileStamps): boolean {
  return [...stamps].every(([file, stamp]) => stampOf(file) === stamp);
}
