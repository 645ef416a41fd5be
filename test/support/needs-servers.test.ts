import { describe, expect, it } from 'vitest';

import { missingForServers, refusal } from './needs-servers.ts';

describe('the tests with real servers', () => {
  it('name every program that this machine lacks', () => {
    expect(missingForServers(() => null)).toEqual(
      expect.arrayContaining(['Dovecot', 'Postfix', 'openssl']),
    );
  });

  it('are skipped in one line where something is missing', () => {
    const { text, exitStatus } = refusal(['Dovecot', 'Postfix'], {});
    expect(exitStatus).toBe(0);
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^skipped: .* need Dovecot, Postfix; to install: .*install-servers/),
      '0 passed, 0 failed',
      '',
    ]);
  });

  it('fail in continuous integration instead of being skipped', () => {
    const { text, exitStatus } = refusal(['Dovecot'], { CI: 'true' });
    expect(exitStatus).toBe(1);
    expect(text).toMatch(/^cannot run: .*\n0 passed, 1 failed\n$/);
  });
});
