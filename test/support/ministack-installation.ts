import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { findProgram } from './system-packages.ts';

/** What the design was tried with. A newer one may fix what the contract suites note as MiniStack's own ways. */
const VERSION = '1.4.21';
const INSTALL_MS = 300_000;

const CACHE = fileURLToPath(new URL('../../.cache/ministack', import.meta.url));

/**
 * The Python of a virtual environment that holds MiniStack, made when it is not there yet.
 * @throws Error with pip's last words
 */
export function installedMiniStack(): string {
  const folder = join(CACHE, VERSION);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  mkdirSync(CACHE, { recursive: true });
  // Made beside and renamed: what was interrupted is never taken for whole, and two runs do not mix their files.
  const beside = join(CACHE, `${VERSION}.${process.pid}`);
  try {
    execute(requirePython(), ['-m', 'venv', beside]);
    const options = ['--quiet', '--disable-pip-version-check', '--no-input'];
    const pinned = `ministack==${VERSION}`;
    execute(join(beside, 'bin', 'python'), ['-m', 'pip', 'install', ...options, pinned]);
    nameUnlessTaken(beside, folder);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return python;
}

function nameUnlessTaken(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

function requirePython(): string {
  const python = findProgram('python3');
  if (python === null) throw new Error('expected the program python3, found none');
  return python;
}

function execute(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: INSTALL_MS });
}

/**
 * PATH for a process that starts Node itself, as MiniStack does for a Lambda: this project's Node 24 comes first,
 * whatever the machine has.
 */
export function pathWithOurNode(): string {
  const programs = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));
  return [programs, dirname(process.execPath), process.env['PATH'] ?? ''].join(':');
}
