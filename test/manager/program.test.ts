import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { main } from '../../manager/program.ts';
import { captureOutput } from '../support/captured-output.ts';
import type { CapturedOutput } from '../support/captured-output.ts';
import { install } from '../support/mailferry-run.ts';
import type { Installation } from '../support/mailferry-run.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import type { ScratchFolder } from '../support/scratch-folder.ts';

const CONFIGURATION = {
  domains: ['corp.example'],
  delivery: { transport: 'smtp', smtp: { host: '127.0.0.1', port: 1, tls: 'none' } },
  mailboxes: {
    chris: {
      ...{ type: 'user', host: '127.0.0.1', port: 1, tls: 'none', username: 'chris' },
      ...{ password: { secret: 'provider' }, deliverTo: ['chris@corp.example'] },
    },
  },
};

describe('the command line', () => {
  let folder: ScratchFolder;
  let installed: Installation;
  let output: CapturedOutput;

  beforeEach(() => {
    folder = makeScratchFolder('program');
    installed = install(folder.path, CONFIGURATION, { provider: 'secret' });
    output = captureOutput();
  });

  afterEach(() => {
    output.restore();
    folder.remove();
  });

  test.each([
    ['an unknown option', ['run', '--onec'], "unknown option '--onec'"],
    ['an unknown command', ['statsu'], 'Did you mean status?'],
    ['no command', [], 'Usage: mailferry'],
    ['a group without its command', ['failed'], 'Usage: mailferry failed'],
    ['a group without its command', ['mailbox'], 'Usage: mailferry mailbox'],
    ['a mailbox command without its mailbox', ['mailbox', 'edit'], 'missing required argument'],
    ['an option without its value', ['status', '--config'], 'argument missing'],
  ])('%s is status 2, in words', async (_what, words, said) => {
    expect(await main(words)).toBe(2);
    expect(output.stdout()).toBe('');
    expect(output.stderr()).toContain(said);
  });

  test('--version says which one it is', async () => {
    expect(await main(['--version'])).toBe(0);
    expect(output.stdout()).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test.each([
    [['run', '--once']],
    [['check']],
    [['explain', '--key', 'sales/0']],
    [['fetch']],
    [['status']],
    [['config', 'push']],
    [['doctor']],
    [['mailbox', 'list']],
    [['mailbox', 'test', 'sales']],
    [['log', 'level']],
  ])('%j of a stage that can be none is status 2, and nobody is asked', async (words) => {
    expect(await main([...words, '--stage', 'No/where'])).toBe(2);
    expect(output.stderr()).toContain('--stage: expected 1 to 14 lower-case letters');
  });

  test.each([
    ['run of a deployment for good', ['run', '--stage', 'prod'], 'expected --once'],
    ['config without a deployment', ['config', 'diff'], 'config diff: expected --stage NAME'],
    ['config of another kind', ['config', 'pul'], 'Did you mean pull?'],
  ])('%s is status 2, in words', async (_what, words, said) => {
    expect(await main(words)).toBe(2);
    expect(output.stderr()).toContain(said);
  });

  test.each([
    ['explain without a mailbox', ['explain', 'x.eml'], 'expected --mailbox ID'],
    ['explain without a file', ['explain', '--mailbox', 'chris'], 'expected FILE.eml'],
    [
      'explain of a file that is not there',
      ['explain', 'none.eml', '--mailbox', 'chris'],
      'none.eml',
    ],
    [
      'explain for an unknown mailbox',
      ['explain', 'package.json', '--mailbox', 'nobody'],
      '--mailbox: expected one of chris; got nobody',
    ],
    ['a key that is none', ['explain', '--key', 'x'], 'expected MAILBOX/SHA256'],
    [
      'a key of no message',
      ['explain', '--key', `chris/${'0'.repeat(64)}`],
      'expected a message in Incoming/ or Failed/, found none',
    ],
    ['a count that is none', ['explain', '--mailbox', 'chris', '--last', 'all'], '--last'],
    ['a count of none', ['explain', '--mailbox', 'chris', '--last', '0'], '--last'],
    ['fetch of an unknown mailbox', ['fetch', 'chris', 'nobody'], '(chris), got nobody'],
  ])('%s is status 2, in words', async (_what, words, said) => {
    expect(await main([...words, ...installed.common])).toBe(2);
    expect(output.stdout()).toBe('');
    expect(output.stderr()).toContain(said);
  });

  test('a secret that is missing is an error for who logs in, and no matter for who only explains', async () => {
    const without = install(folder.path, CONFIGURATION, {});
    const explain = ['explain', 'package.json', '--mailbox', 'chris', '--json'];
    expect(await main([...explain, ...without.common])).toBe(0);
    expect(JSON.parse(output.stdout())).toMatchObject({ outcome: 'deliver' });
    expect(await main(['run', '--once', ...without.common])).toBe(2);
    expect(output.stderr()).toContain('mailboxes.chris.password');
  });

  test('with --json a failure is one document too', async () => {
    expect(await main(['run', '--once', '--json', '--config', 'none.yaml'])).toBe(2);
    expect(JSON.parse(output.stdout())).toMatchObject({ error: { kind: 'usage' } });
    expect(output.stderr()).toContain('none.yaml');
  });

  test('a configuration that is not there is status 2 and names the file', async () => {
    expect(await main(['check', '--config', 'none.yaml'])).toBe(2);
    expect(output.stderr()).toContain('none.yaml');
  });

  test('help is status 0', async () => {
    expect(await main(['--help'])).toBe(0);
    expect(output.stdout()).toContain('Usage: mailferry');
  });
});
