import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { requireProgram } from './system-packages.ts';

export interface NtlmAccount {
  readonly user: string;
  readonly domain: string;
  readonly password: string;
}

/** Where Samba would otherwise look at the machine's own. */
const FOLDERS = [
  ...['lock directory', 'state directory', 'cache directory', 'private dir', 'pid directory'],
  ...['ncalrpc dir', 'winbindd socket directory', 'usershare path'],
];

/**
 * Samba's checker of NTLM messages for one account: no domain, no winbind daemon, nothing of the machine's own
 * configuration. @returns the program that Dovecot starts
 */
export function writeNtlmHelper(folder: string, account: NtlmAccount): string {
  const program = requireProgram('ntlm_auth', 'winbind');
  const state = join(folder, 'samba');
  mkdirSync(state);
  // Dovecot's auth process, which starts it, is not root.
  chmodSync(state, 0o777);
  const configuration = join(folder, 'smb.conf');
  const settings = FOLDERS.map((name) => `${name} = ${state}`);
  const names = [`workgroup = ${account.domain}`, 'netbios name = MAILFERRYTEST'];
  writeFileSync(configuration, ['[global]', ...names, ...settings, ''].join('\n'));
  const helper = join(folder, 'ntlm-helper');
  const options = [
    `--username=${account.user}`,
    `--domain=${account.domain}`,
    `--password=${account.password}`,
    `--configfile=${configuration}`,
  ];
  const quoted = options.map((option) => `'${option}'`).join(' ');
  writeFileSync(helper, `#!/bin/sh\nexec ${program} "$@" ${quoted}\n`, { mode: 0o755 });
  return helper;
}
