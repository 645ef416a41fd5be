import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readingFrom } from '../support/foreign-mail.ts';

/** `npm run test:corpus -- FOLDER`: our own messages, and those of a folder with mail that nobody here wrote. */
function main([folder]: readonly string[]): number {
  if (folder !== undefined && !existsSync(folder)) {
    process.stdout.write(`skipped: there is no folder ${folder}\n0 passed, 0 failed\n`);
    return 0;
  }
  const vitest = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')));
  const run = spawnSync(process.execPath, [vitest, 'run', '--project', 'fast', 'test/corpus'], {
    stdio: 'inherit',
    ...(folder === undefined ? {} : { env: readingFrom(resolve(folder)) }),
  });
  return run.status ?? 1;
}

process.exitCode = main(process.argv.slice(2));
