import { spawnSync } from 'node:child_process';

import { auditVerdict } from './audit-verdict.ts';

const PATIENCE_MS = 120_000;

/**
 * `npm run audit`: known faults of what a user installs. Ends with 1 when there are any, and with 0 also where the
 * registry does not say: a mirror without advisories is no reason to stop a build, and no proof either.
 */
function main(): number {
  const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    encoding: 'utf8',
    timeout: PATIENCE_MS,
  });
  const verdict = auditVerdict(stdout);
  const words = {
    clean: 'npm audit: no known faults',
    findings: `npm audit: ${verdict.kind === 'findings' ? verdict.packages.join(', ') : ''}`,
    'no answer': `npm audit: not judged, the registry does not answer (${verdict.kind === 'no answer' ? verdict.reason : ''})`,
  };
  process.stdout.write(`${words[verdict.kind]}\n`);
  return verdict.kind === 'findings' ? 1 : 0;
}

process.exitCode = main();
