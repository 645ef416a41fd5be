import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { checkConfiguration } from '../../shared/settings/check.ts';
import { formatProblem } from '../../shared/settings/problem.ts';
import { fileSecrets } from '../../shared/settings/secrets-file.ts';
import { sampleDocument } from './sample-document.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('checkConfiguration', () => {
  const environment = { MAILFERRY_SECRET_CHRIS: 'x', MAILFERRY_SECRET_EVERYONE: 'y' };

  it('finds nothing wrong with a sound one', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    await writeFile(file, stringify(sampleDocument()));
    expect(await checkConfiguration(file, fileSecrets({ file: null, environment }))).toEqual([]);
  });

  it('says all that is wrong, missing secrets included, also those of a broken mailbox', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    const document = sampleDocument();
    Object.assign(document.delivery.smtp, { username: 'u', password: { secret: 'smtp' } });
    Object.assign(document.mailboxes.chris, { prot: 1, password: { secret: 'gone' } });
    document['logLevel'] = 'loud';
    await writeFile(file, stringify(document));
    const problems = await checkConfiguration(file, fileSecrets({ file: null, environment }));
    expect(problems.map(formatProblem)).toEqual([
      'logLevel: expected debug, info, warn or error, got "loud"',
      'mailboxes.chris.prot: expected a known setting, got "prot"; did you mean "port"?',
      'delivery.smtp.password: expected a secret that can be read, got secret "smtp" not found: no secrets file is given, and the variable MAILFERRY_SECRET_SMTP is not set',
      'mailboxes.chris.password: expected a secret that can be read, got secret "gone" not found: no secrets file is given, and the variable MAILFERRY_SECRET_GONE is not set',
    ]);
    expect(problems.every(({ severity }) => severity === 'error')).toBe(true);
  });

  it('says where the YAML is wrong, or that there is no file', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    const secrets = fileSecrets({ file: null, environment });
    expect(await checkConfiguration(file, secrets)).toMatchObject([
      { path: file, severity: 'error' },
    ]);
    await writeFile(file, 'a: 1\na: 2\n');
    expect(await checkConfiguration(file, secrets)).toMatchObject([{ path: `${file}:2:1` }]);
    await writeFile(file, Buffer.from('a: \xfc', 'latin1'));
    expect(await checkConfiguration(file, secrets)).toMatchObject([{ expected: 'text in UTF-8' }]);
  });

  it('passes the two examples of the repository together', async () => {
    await using folder = await temporaryFolder();
    const root = new URL('../../', import.meta.url);
    const secretsText = await readFile(new URL('secrets.example.yaml', root));
    await writeFile(folder.file('secrets.yaml'), secretsText, { mode: 0o600 });
    const secrets = fileSecrets({ file: folder.file('secrets.yaml'), environment: {} });
    const file = fileURLToPath(new URL('mailferry.example.yaml', root));
    expect(await checkConfiguration(file, secrets)).toEqual([]);
  });
});
