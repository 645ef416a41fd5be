import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Folders that hold servers and are not on everybody's PATH. */
const SERVER_FOLDERS = [
  ...['/usr/sbin', '/usr/local/sbin', '/usr/lib/postfix/sbin', '/usr/lib/dovecot'],
];

/**
 * Where a program of the system's packages lies; `null` when it is not installed.
 *
 * @param path folders separated by colons, as in the variable PATH
 */
export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | null {
  const folders = [...path.split(':').filter((folder) => folder !== ''), ...SERVER_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

/** @throws Error that names the package to install */
export function requireProgram(name: string, debianPackage: string): string {
  const found = findProgram(name);
  if (found !== null) return found;
  throw new Error(
    `expected the program ${name}, found none: install the package ${debianPackage} (.ci/install-servers)`,
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
