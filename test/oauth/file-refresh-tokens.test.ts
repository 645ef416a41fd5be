import { readdir, readFile, stat, writeFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { fileRefreshTokens } from '../../shared/oauth/file-refresh-tokens.ts';
import type { SecretRef } from '../../shared/settings/settings.ts';
import { refreshTokensContract } from '../contract/refresh-tokens.ts';
import { temporaryFolder } from '../settings/temporary-folder.ts';
import type { TemporaryFolder } from '../settings/temporary-folder.ts';
import { Failure } from '../../shared/failure.ts';

const ref: SecretRef = { kind: 'named', name: 'chris-token' };

function secretsOf(configured: ReadonlyMap<string, string>) {
  return {
    read: (secret: SecretRef) => {
      const value = secret.kind === 'plain' ? secret.value : configured.get(secret.name);
      if (value !== undefined) return Promise.resolve(value);
      const { name } = secret as { name: string };
      return Promise.reject(new Failure('secret', 'permanent', `secret "${name}" not found`));
    },
  };
}

function tokensIn(folder: TemporaryFolder, configured = new Map([['chris-token', 'one']])) {
  const secrets = secretsOf(configured);
  return fileRefreshTokens({ folder: folder.file('oauth'), secrets });
}

refreshTokensContract('the data folder', async () => {
  const folder = await temporaryFolder();
  const configured = new Map<string, string>();
  return {
    open: () => tokensIn(folder, configured),
    configure: (name, token) => {
      configured.set(name, token);
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

describe('a rotated token in the data folder', () => {
  it('lies there for its owner alone, beside nothing else', async () => {
    await using folder = await temporaryFolder();
    await tokensIn(folder).replace(ref, 'one', 'two');
    await tokensIn(folder).replace(ref, 'two', 'three');
    expect(await readdir(folder.file('oauth'))).toEqual(['chris-token.json']);
    expect((await stat(folder.file('oauth'))).mode & 0o777).toBe(0o700);
    expect((await stat(folder.file('oauth/chris-token.json'))).mode & 0o777).toBe(0o600);
  });

  it('is the only token there: the configured one is named by its digest', async () => {
    await using folder = await temporaryFolder();
    const configured = new Map([['chris-token', 'configured-token']]);
    await tokensIn(folder, configured).replace(ref, 'configured-token', 'two');
    const text = await readFile(folder.file('oauth/chris-token.json'), 'utf8');
    expect(text).not.toContain('configured-token');
  });

  it('that cannot be read gives way to the configured one', async () => {
    await using folder = await temporaryFolder();
    await tokensIn(folder).replace(ref, 'one', 'two');
    await writeFile(folder.file('oauth/chris-token.json'), '{"origin": "');
    expect((await tokensIn(folder).read(ref)).value).toBe('one');
  });

  it('that stands plainly in the configuration is kept as well', async () => {
    await using folder = await temporaryFolder();
    const plain: SecretRef = { kind: 'plain', value: 'in/the/file' };
    expect(await tokensIn(folder).replace(plain, 'in/the/file', 'two')).toBe('kept');
    expect((await tokensIn(folder).read(plain)).value).toBe('two');
    expect((await tokensIn(folder).read({ kind: 'plain', value: 'another' })).value).toBe(
      'another',
    );
  });

  it('that has no folder to lie in is a failure, and repeats no token', async () => {
    await using folder = await temporaryFolder();
    await writeFile(folder.file('oauth'), 'a file where the folder belongs');
    const replacing = tokensIn(folder).replace(ref, 'one', 'secret-two');
    await expect(replacing).rejects.toMatchObject({ kind: 'secret', permanence: 'temporary' });
    await expect(replacing).rejects.not.toThrow(/secret-two/);
  });
});
