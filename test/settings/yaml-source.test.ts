import { readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { formatProblem } from '../../shared/settings/problem.ts';
import { yamlSettings } from '../../shared/settings/yaml-source.ts';
import { settingsSourceContract } from '../contract/settings-source.ts';
import { keptMemory } from './kept-memory.ts';
import { sampleDocument } from './sample-document.ts';
import { temporaryFolder } from './temporary-folder.ts';

settingsSourceContract('a YAML file', async () => {
  const folder = await temporaryFolder();
  const file = folder.file('mailferry.yaml');
  const memory = keptMemory();
  return {
    open: () => yamlSettings({ file, memory }),
    write: (document) => writeFile(file, stringify(document)),
    garble: () => writeFile(file, 'domains: [corp.example\nmailboxes: {'),
    kept: () => Promise.resolve(memory.text()),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
});

describe('yamlSettings', () => {
  it('gives the very same answer while the file is unchanged', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    await writeFile(file, stringify(sampleDocument()));
    const source = yamlSettings({ file, memory: keptMemory() });
    const first = await source.read();
    expect(await source.read()).toBe(first);
    const [one, other] = await Promise.all([source.read(), source.read()]);
    expect(one).toBe(first);
    expect(other).toBe(first);
  });

  it('notices another file of the same size and time under its name', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    const text = stringify({ ...sampleDocument(), logLevel: 'warn' });
    await writeFile(file, text);
    const time = new Date('2026-01-01T00:00:00Z');
    await utimes(file, time, time);
    const source = yamlSettings({ file, memory: keptMemory() });
    expect((await source.read()).general.logLevel).toBe('warn');
    await writeFile(folder.file('new'), text.replace('logLevel: warn', 'logLevel: info'));
    await utimes(folder.file('new'), time, time);
    await rename(folder.file('new'), file);
    expect((await source.read()).general.logLevel).toBe('info');
  });

  it('goes on while the file is gone, and takes it up when it is back', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    await writeFile(file, stringify(sampleDocument()));
    const source = yamlSettings({ file, memory: keptMemory() });
    const good = await source.read();
    await rm(file);
    const without = await source.read();
    expect(without.mailboxes).toEqual(good.mailboxes);
    expect(without.problems.map(formatProblem).join()).toMatch(
      /mailferry\.yaml: expected a configuration file that can be read, got ENOENT/,
    );
    await writeFile(file, stringify({ ...sampleDocument(), logLevel: 'warn' }));
    const back = await source.read();
    expect(back.general.logLevel).toBe('warn');
    expect(back.problems).toEqual([]);
  });

  it('takes a file that was emptied for a broken one, not for one without mailboxes', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    await writeFile(file, stringify(sampleDocument()));
    const source = yamlSettings({ file, memory: keptMemory() });
    await source.read();
    await writeFile(file, '');
    const { mailboxes, problems } = await source.read();
    expect([...mailboxes.keys()]).toEqual(['chris', 'everyone']);
    expect(problems.map(formatProblem)).toEqual([
      'configuration: expected a block of settings (key: value), got nothing',
    ]);
  });

  it('reads `ca` beside the configuration file, and again when it changes', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    const [first = '', second = ''] = rootCertificates;
    const document = sampleDocument();
    document.mailboxes.chris['ca'] = 'ca.pem';
    await writeFile(file, stringify(document));
    const source = yamlSettings({ file, memory: keptMemory() });
    expect([...(await source.read()).broken.keys()]).toEqual(['chris']);
    await writeFile(folder.file('ca.pem'), first);
    expect((await source.read()).mailboxes.get('chris')?.ca).toBe(first);
    await writeFile(folder.file('ca.pem'), `${second}\n${first}`);
    expect((await source.read()).mailboxes.get('chris')?.ca).toBe(`${second}\n${first}`);
  });

  it('does not pile up the problems of earlier readings', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    await writeFile(file, stringify(sampleDocument()));
    const source = yamlSettings({ file, memory: keptMemory() });
    await source.read();
    await writeFile(file, stringify({ ...sampleDocument(), logLevel: 'loud' }));
    expect((await source.read()).problems.map(({ path }) => path)).toEqual(['logLevel']);
    await writeFile(file, '- {');
    expect((await source.read()).problems.some(({ path }) => path === 'logLevel')).toBe(false);
  });

  it('warns when the last good configuration cannot be kept, and goes on', async () => {
    await using folder = await temporaryFolder();
    const file = folder.file('mailferry.yaml');
    await writeFile(file, stringify(sampleDocument()));
    const store = (): Promise<void> => Promise.reject(new Error('disk full'));
    const source = yamlSettings({ file, memory: { load: () => Promise.resolve(null), store } });
    const { mailboxes, problems } = await source.read();
    expect(mailboxes.size).toBe(2);
    expect(problems).toMatchObject([{ severity: 'warning', got: 'disk full' }]);
  });

  it('accepts the example of the repository without a word', async () => {
    const file = fileURLToPath(new URL('../../mailferry.example.yaml', import.meta.url));
    const settings = await yamlSettings({ file, memory: keptMemory() }).read();
    expect(settings.problems).toEqual([]);
    expect([...settings.mailboxes.values()].map(({ type }) => type)).toContain('user');
    expect([...settings.mailboxes.values()].map(({ type }) => type)).toContain('global');
    expect(await readFile(file, 'utf8')).not.toContain('\t');
  });
});
