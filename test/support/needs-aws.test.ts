import { describe, expect, it } from 'vitest';

import { missingForAws, refusalOfAws } from './needs-aws.ts';

describe('the tests against MiniStack', () => {
  it('name Python where this machine has none, or one that cannot make an environment', () => {
    expect(missingForAws(() => null)).toEqual([expect.stringContaining('Python 3.10')]);
    expect(missingForAws(() => '/bin/false')).toEqual([expect.stringContaining('venv')]);
  });

  it('are skipped in one line where something is missing', () => {
    const { text, exitStatus } = refusalOfAws(['Python 3.10 or newer'], {});
    expect(exitStatus).toBe(0);
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^skipped: .* need Python 3\.10 or newer; to install: .*python3-venv/),
      '0 passed, 0 failed',
      '',
    ]);
  });

  it('fail in continuous integration instead of being skipped', () => {
    const { text, exitStatus } = refusalOfAws(['Python'], { CI: 'true' });
    expect(exitStatus).toBe(1);
    expect(text).toMatch(/^cannot run: .*\n0 passed, 1 failed\n$/);
  });
});
