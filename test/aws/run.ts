import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { installedMiniStack } from '../support/ministack-installation.ts';
import { missingForAws, refusalOfAws } from '../support/needs-aws.ts';

/**
 * `npm run test:aws`: runs the tests against MiniStack, or says in one line what is missing. The last line is
 * `N passed, N failed` either way.
 */
function main(): number {
  const missing = missingForAws();
  // Here rather than in the first test, whose time it would count against.
  if (missing.length === 0) missing.push(...missingMiniStack());
  if (missing.length === 0) {
    const filters = process.argv.slice(2);
    const measured = filters.length === 0 ? printBundles() : 0;
    return runTests(filters) || measured;
  }
  const { text, exitStatus } = refusalOfAws(missing);
  process.stdout.write(text);
  return exitStatus;
}

/** Installing it needs the network once. */
function missingMiniStack(): string[] {
  try {
    installedMiniStack();
    return [];
  } catch (error) {
    const words = error instanceof Error ? error.message.trim().split('\n') : [];
    return [`MiniStack from PyPI (${words.at(-1) ?? 'pip gave no reason'})`];
  }
}

/** Sizes of the functions and their cold import: printed and not judged, since a busy machine would decide. */
function printBundles(): number {
  const programs = ['../../infra/aws/bundle.ts', '../bench/cold-import.ts'];
  for (const program of programs) {
    const file = fileURLToPath(new URL(program, import.meta.url));
    const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
    if (status !== 0) return status ?? 1;
  }
  return 0;
}

function runTests(filters: readonly string[]): number {
  const vitest = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')));
  const run = spawnSync(process.execPath, [vitest, 'run', '--project', 'aws', ...filters], {
    stdio: 'inherit',
  });
  return run.status ?? 1;
}

process.exitCode = main();
