import { spawnSync } from 'node:child_process';

import type { Refusal } from './needs-servers.ts';
import { findProgram } from './system-packages.ts';

/** How to install what the tests against MiniStack need beside `npm ci`. */
const INSTALL_PYTHON = 'apt-get install python3-venv (Debian or Ubuntu), Python 3.10 or newer';

/** Exit status 0 only where a virtual environment can be made: Debian has `venv` without `ensurepip` by default. */
const PROBE = 'import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, 10) else 1)';

/** What the tests against MiniStack lack on this machine, in words; empty when they can run. */
export function missingForAws(find: typeof findProgram = findProgram): string[] {
  const python = find('python3');
  if (python === null) return ['Python 3.10 or newer'];
  const probe = spawnSync(python, ['-c', PROBE], { stdio: 'ignore' });
  return probe.status === 0 ? [] : ['Python 3.10 or newer with venv and ensurepip'];
}

/**
 * What to print and how to end when something is missing: a skip on somebody's own machine, a failure with
 * `CI=true`, where nobody would notice that the tests never ran.
 */
export function refusalOfAws(
  missing: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Refusal {
  const exitStatus = environment['CI'] === 'true' ? 1 : 0;
  const verdict = exitStatus === 1 ? 'cannot run' : 'skipped';
  const needs = `the tests against MiniStack need ${missing.join(', ')}`;
  const count = `0 passed, ${exitStatus} failed`;
  return { exitStatus, text: `${verdict}: ${needs}; to install: ${INSTALL_PYTHON}\n${count}\n` };
}
