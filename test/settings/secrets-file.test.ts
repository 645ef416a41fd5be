import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { fileSecrets, secretVariable } from '../../shared/settings/secrets-file.ts';
import { temporaryFolder } from './temporary-folder.ts';
import type { TemporaryFolder } from './temporary-folder.ts';

const named = (name: string) => ({ kind: 'named', name }) as const;

async function secretsFile(folder: TemporaryFolder, text: string | Buffer): Promise<string> {
  const file = folder.file('secrets.yaml');
  await writeFile(file, text);
  await chmod(file, 0o600);
  return file;
}

describe('fileSecrets', () => {
  it('gives text as written, not as numbers and truth', async () => {
    await using folder = await temporaryFolder();
    const values = {
      zero: '0123',
      power: '1e5',
      truth: 'true',
      tilde: '~',
      hex: '0x1F',
      date: '2026-01-01',
    };
    const lines = Object.entries(values).map(([name, value]) => `${name}: ${value}`);
    const quoted = `quoted: "a # b: c ' \\" é"`;
    const file = await secretsFile(folder, [...lines, quoted].join('\n'));
    const secrets = fileSecrets({ file, environment: {} });
    for (const [name, value] of Object.entries(values)) {
      expect(await secrets.read(named(name))).toBe(value);
    }
    expect(await secrets.read(named('quoted'))).toBe(`a # b: c ' " é`);
  });

  it('gives a plain one as it is', async () => {
    const secrets = fileSecrets({ file: null, environment: {} });
    expect(await secrets.read({ kind: 'plain', value: 'x' })).toBe('x');
  });

  it('asks the file first, then the environment', async () => {
    await using folder = await temporaryFolder();
    const file = await secretsFile(folder, 'both: of-file');
    const environment = {
      MAILFERRY_SECRET_BOTH: 'of-environment',
      MAILFERRY_SECRET_SMTP_RELAY_2: 'relay',
    };
    const secrets = fileSecrets({ file, environment });
    expect(await secrets.read(named('both'))).toBe('of-file');
    expect(await secrets.read(named('smtp-relay.2'))).toBe('relay');
    expect(await fileSecrets({ file: null, environment }).read(named('both'))).toBe(
      'of-environment',
    );
  });

  it('names the secret and where it was looked for', async () => {
    await using folder = await temporaryFolder();
    const file = await secretsFile(folder, '# nothing yet');
    const failure = { kind: 'secret', permanence: 'permanent' };
    await expect(fileSecrets({ file, environment: {} }).read(named('pop'))).rejects.toMatchObject({
      ...failure,
      message: `secret "pop" not found: not in ${file}, and the variable MAILFERRY_SECRET_POP is not set`,
    });
    await expect(
      fileSecrets({ file: null, environment: {} }).read(named('pop')),
    ).rejects.toMatchObject({
      ...failure,
      message:
        'secret "pop" not found: no secrets file is given, and the variable MAILFERRY_SECRET_POP is not set',
    });
  });

  it('takes up a file of the usual name that comes later, and does without it until then', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('secrets.yaml');
    const environment = { MAILFERRY_SECRET_SMTP: 'of the variable' };
    const secrets = fileSecrets({ file, mayBeMissing: true, environment });
    expect(await secrets.read(named('smtp'))).toBe('of the variable');
    await expect(secrets.read(named('pop'))).rejects.toThrow(
      `secret "pop" not found: there is no ${file}, and the variable MAILFERRY_SECRET_POP is not set`,
    );
    await writeFile(file, 'pop: hunter2', { mode: 0o600 });
    expect(await secrets.read(named('pop'))).toBe('hunter2');
  });

  it.each([0o600, 0o400])('reads a file of mode %o', async (mode) => {
    await using folder = await temporaryFolder();
    const file = await secretsFile(folder, 'pop: hunter2');
    await chmod(file, mode);
    expect(await fileSecrets({ file, environment: {} }).read(named('pop'))).toBe('hunter2');
  });

  it.each([0o640, 0o604, 0o620, 0o610, 0o644, 0o777])('refuses a file of mode %o', async (mode) => {
    await using folder = await temporaryFolder();
    const file = await secretsFile(folder, 'pop: hunter2');
    await chmod(file, mode);
    const environment = { MAILFERRY_SECRET_POP: 'x' };
    await expect(fileSecrets({ file, environment }).read(named('pop'))).rejects.toMatchObject({
      kind: 'secret',
      message: `secret "pop": expected ${file} to be readable by its owner alone (mode 0600), got mode 0${mode.toString(8)}; run: chmod 600 ${file}`,
    });
  });

  it.each([
    [
      'line break',
      'pop: "hunter2\\r\\nDELE 1"',
      /secret "pop" in .*: expected one line of text, got a line break or NUL in it/,
    ],
    ['block text', 'pop: |\n  hunter2\n', /got a line break/],
    ['empty', 'pop:', /expected a text, got an empty one/],
    ['list', 'pop: [hunter2]', /expected a text, got a list or a block/],
    ['no names', '- hunter2', /expected "name: value" lines in/],
    ['anchor', 'pop: &hunter2 x', /secrets\.yaml:1:15: expected YAML, got an anchor/],
    ['alias', 'pop: *hunter2', /secrets\.yaml:1:6: expected YAML, got an alias/],
    ['tag', 'pop: !hunter2', /secrets\.yaml:1:6: expected YAML, got a tag/],
    [
      'twice',
      'pop: a\npop: hunter2',
      /secrets\.yaml:2:1: expected YAML, got a key that stands there already/,
    ],
    ['Latin-1', Buffer.from('pop: hunter2\xe9', 'latin1'), /to be UTF-8, got other octets/],
  ])('refuses %s without repeating it', async (_name, text, message) => {
    await using folder = await temporaryFolder();
    const file = await secretsFile(folder, text);
    const reading = fileSecrets({ file, environment: {} }).read(named('pop'));
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.not.toThrow(/hunter2/);
  });

  it('refuses a line break out of the environment', async () => {
    const secrets = fileSecrets({ file: null, environment: { MAILFERRY_SECRET_POP: 'x\n' } });
    await expect(secrets.read(named('pop'))).rejects.toThrow(
      'secret "pop" in the variable MAILFERRY_SECRET_POP: expected one line of text, got a line break or NUL in it',
    );
  });

  it('says when the file is not there or no file', async () => {
    await using folder = await temporaryFolder();
    const missing = fileSecrets({
      file: folder.file('none'),
      environment: { MAILFERRY_SECRET_POP: 'x' },
    });
    await expect(missing.read(named('pop'))).rejects.toThrow(
      /secret "pop": expected a secrets file that can be read, got: ENOENT/,
    );
    await mkdir(folder.file('folder'), { mode: 0o700 });
    const noFile = fileSecrets({ file: folder.file('folder'), environment: {} });
    await expect(noFile.read(named('pop'))).rejects.toThrow(
      /expected a secrets file that can be read, got: EISDIR/,
    );
  });

  it('reads the file again when it changed, its mode included', async () => {
    await using folder = await temporaryFolder();
    const file = await secretsFile(folder, 'pop: old');
    const secrets = fileSecrets({ file, environment: {} });
    expect(await secrets.read(named('pop'))).toBe('old');
    await writeFile(file, 'pop: newer');
    expect(await secrets.read(named('pop'))).toBe('newer');
    await chmod(file, 0o644);
    await expect(secrets.read(named('pop'))).rejects.toThrow('chmod 600');
    await chmod(file, 0o600);
    expect(await secrets.read(named('pop'))).toBe('newer');
  });

  it('takes names that every object has for names like others', async () => {
    await using folder = await temporaryFolder();
    const file = await secretsFile(folder, 'pop: x');
    await expect(fileSecrets({ file, environment: {} }).read(named('constructor'))).rejects.toThrow(
      'secret "constructor" not found',
    );
  });
});

describe('secretVariable', () => {
  it.each([
    ['smtp', 'MAILFERRY_SECRET_SMTP'],
    ['smtp-relay.2_b', 'MAILFERRY_SECRET_SMTP_RELAY_2_B'],
  ])('%s: %s', (name, variable) => {
    expect(secretVariable(name)).toBe(variable);
  });
});
