import { describe, expect, it } from 'vitest';

import type { RefreshTokens } from '../../shared/oauth/refresh-tokens.ts';
import type { SecretRef } from '../../shared/settings/settings.ts';

/** A place for refresh tokens, and the administrator who sets them. */
export interface RefreshTokensHarness extends AsyncDisposable {
  /** Opens it as a started program does; what an earlier one kept is there. */
  open(): RefreshTokens;
  /** The administrator sets the token of a secret. */
  configure(name: string, token: string): Promise<void>;
}

/** As long as the longest that have been seen; three parameters on AWS. */
const LONG = 'x'.repeat(9000);

/** What any `RefreshTokens` promises. */
export function refreshTokensContract(
  name: string,
  makeHarness: () => Promise<RefreshTokensHarness>,
): void {
  const ref: SecretRef = { kind: 'named', name: 'chris-token' };

  async function valueIn(tokens: RefreshTokens, of: SecretRef = ref): Promise<string> {
    return (await tokens.read(of)).value;
  }

  describe(`${name} keeps refresh tokens`, () => {
    it('gives the configured one first', async () => {
      await using harness = await makeHarness();
      await harness.configure('chris-token', 'one');
      expect(await valueIn(harness.open())).toBe('one');
    });

    it('says which secret is missing', async () => {
      await using harness = await makeHarness();
      await expect(harness.open().read(ref)).rejects.toMatchObject({
        kind: 'secret',
        permanence: 'permanent',
        message: expect.stringContaining('chris-token') as unknown,
      });
    });

    it('gives the rotated one from then on, also after a restart', async () => {
      await using harness = await makeHarness();
      await harness.configure('chris-token', 'one');
      const tokens = harness.open();
      expect(await tokens.replace(ref, 'one', 'two')).toBe('kept');
      expect(await valueIn(tokens)).toBe('two');
      expect(await valueIn(harness.open())).toBe('two');
      expect(await harness.open().replace(ref, 'two', LONG)).toBe('kept');
      expect(await valueIn(tokens)).toBe(LONG);
      expect(await tokens.replace(ref, LONG, 'four')).toBe('kept');
      expect(await valueIn(harness.open())).toBe('four');
    });

    it('has the same origin over all rotations, and another after a change', async () => {
      await using harness = await makeHarness();
      await harness.configure('chris-token', 'one');
      const tokens = harness.open();
      const { origin } = await tokens.read(ref);
      await tokens.replace(ref, 'one', 'two');
      expect((await tokens.read(ref)).origin).toBe(origin);
      await tokens.replace(ref, 'two', 'three');
      expect((await harness.open().read(ref)).origin).toBe(origin);
      await harness.configure('chris-token', 'other');
      expect((await tokens.read(ref)).origin).not.toBe(origin);
    });

    it('lets the administrator win who sets a new one', async () => {
      await using harness = await makeHarness();
      await harness.configure('chris-token', 'one');
      const tokens = harness.open();
      await tokens.replace(ref, 'one', 'two');
      await harness.configure('chris-token', 'other');
      expect(await valueIn(tokens)).toBe('other');
      // What comes late for the former one changes nothing.
      expect(await tokens.replace(ref, 'two', 'three')).toBe('superseded');
      expect(await valueIn(tokens)).toBe('other');
      expect(await tokens.replace(ref, 'other', 'other-2')).toBe('kept');
      expect(await valueIn(harness.open())).toBe('other-2');
    });

    it('keeps what another process kept meanwhile', async () => {
      await using harness = await makeHarness();
      await harness.configure('chris-token', 'one');
      const [here, there] = [harness.open(), harness.open()];
      await here.replace(ref, 'one', 'two');
      expect(await there.replace(ref, 'one', 'two-b')).toBe('superseded');
      expect(await valueIn(there)).toBe('two');
    });

    it('keeps those of other secrets apart', async () => {
      await using harness = await makeHarness();
      await harness.configure('chris-token', 'one');
      await harness.configure('kelly-token', 'one');
      const tokens = harness.open();
      await tokens.replace(ref, 'one', 'two');
      expect(await valueIn(tokens, { kind: 'named', name: 'kelly-token' })).toBe('one');
    });
  });
}
