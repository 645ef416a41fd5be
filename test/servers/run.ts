import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { missingForServers, refusal } from '../support/needs-servers.ts';

/**
 * `npm run test:servers`: runs the tests with real servers, or says in one line what is missing. The last line is
 * `N passed, N failed` either way.
 */
function main(): number {
  const missing = missingForServers();
  if (missing.length === 0) return runTests(process.argv.slice(2));
  const { text, exitStatus } = refusal(missing);
  process.stdout.write(text);
  return exitStatus;
}

function runTests(filters: readonly string[]): number {
  const vitest = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')));
  const run = spawnSync(process.execPath, [vitest, 'run', '--project', 'servers', ...filters], {
    stdio: 'inherit',
  });
  return run.status ?? 1;
}

process.exitCode = main();
