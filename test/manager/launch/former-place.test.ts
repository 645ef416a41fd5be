import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

/** Links of npx and services of before lead there; without it an update ends them with "not found". */
test('the command answers where it lay before as well', () => {
  const former = fileURLToPath(new URL('../../../manager/mailferry.ts', import.meta.url));
  accessSync(former, constants.X_OK);
  const said = execFileSync(process.execPath, [former, '--version'], { encoding: 'utf8' });
  expect(said).toMatch(/^\d+\.\d+\.\d+\n$/);
});
