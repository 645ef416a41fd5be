import { execFileSync } from 'node:child_process';

import { findProgram } from './system-packages.ts';

/** How to install all that the tests with real servers need. */
export const INSTALL_SERVERS = 'sudo .ci/install-servers (Debian or Ubuntu)';

/** What the tests with real servers lack on this machine, in words; empty when they can run. */
export function missingForServers(find: typeof findProgram = findProgram): string[] {
  const programs = [
    ['dovecot', 'Dovecot'],
    ['lmtp', 'Dovecot LMTP (dovecot-lmtpd)'],
    ['master', 'Postfix'],
    ['ntlm_auth', 'Samba’s ntlm_auth (winbind)'],
    ['openssl', 'openssl'],
    ['strace', 'strace'],
  ] as const;
  const missing: string[] = programs
    .filter(([program]) => find(program) === null)
    .map(([, name]) => name);
  if (process.getuid?.() !== 0) missing.push('root (mail servers change their user)');
  const version = dovecotVersion(find('dovecot'));
  // The configuration language changed with 2.4; ours is that of 2.3.
  if (version !== null && !version.startsWith('2.3.'))
    missing.push(`Dovecot 2.3 (found ${version})`);
  return missing;
}

function dovecotVersion(program: string | null): string | null {
  if (program === null) return null;
  return execFileSync(program, ['--version'], { encoding: 'latin1' }).trim();
}

export interface Refusal {
  /** Two lines; the last is the count of tests that every caller reads. */
  readonly text: string;
  readonly exitStatus: number;
}

/**
 * What to print and how to end when something is missing: a skip on somebody's own machine, a failure with
 * `CI=true`, where nobody would notice that the tests never ran.
 */
export function refusal(
  missing: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Refusal {
  const exitStatus = environment['CI'] === 'true' ? 1 : 0;
  const verdict = exitStatus === 1 ? 'cannot run' : 'skipped';
  return {
    exitStatus,
    text:
      `${verdict}: the tests with real servers need ${missing.join(', ')}; to install: ${INSTALL_SERVERS}
` +
      `0 passed, ${exitStatus} failed
`,
  };
}
