import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { commandHere } from '../support/command-here.ts';
import type { CommandResult } from '../support/mailferry-command.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import type { ScratchFolder } from '../support/scratch-folder.ts';

const FILE = `# our connector
domains: [corp.example]   # ours
undeliverable: admin@corp.example
delivery:
    smtp: {host: mail.corp.example, username: me, password: { secret: smtp }}
mailboxes:
    # the boss
    chris:
        type: user
        host: pop.provider.example   # since 2019
        username: chris
        password: { secret: chris }
        deliverTo:
        - chris@corp.example   # on Fridays too
logLevel: info # for now
`;
const SECRETS = "# keep out\nsmtp: 'one'\nchris: 'two'\n";
const HUSH = "hush '7c1f9b' # 0";

/**
 * Mailboxes and the log's level, changed by commands in files that people wrote. What this does not prove: the questions
 * on a terminal (test/servers/terminal.test.ts), and a deployment's parameters (test/aws).
 */
describe('mailferry mailbox and log level', () => {
  let scratch: ScratchFolder;
  let config: string;
  let secrets: string;

  beforeEach(() => {
    scratch = makeScratchFolder('mailbox-commands');
    config = join(scratch.path, 'mailferry.yaml');
    secrets = join(scratch.path, 'secrets.yaml');
    writeFileSync(config, FILE, { mode: 0o640 });
    writeFileSync(secrets, SECRETS, { mode: 0o600 });
  });

  afterEach(() => {
    scratch.remove();
  });

  function command(words: readonly string[], input = ''): Promise<CommandResult> {
    const data = join(scratch.path, 'data');
    const common = ['--config', config, '--secrets', secrets, '--data', data];
    return commandHere([...words, ...common], input);
  }

  const configText = () => readFileSync(config, 'utf8');
  const secretsText = () => readFileSync(secrets, 'utf8');

  test('add: checked, the password from standard input into the secrets file, the rest into the configuration', async () => {
    const words = [
      ...['mailbox', 'add', 'everyone', '--type', 'global', '--host', 'pop.provider.example'],
      ...['--username', '0123', 'schedule=cron */10 7-19 * * 1-5 Europe/Berlin', 'port=1995'],
      ...['recipientSource=[{ header: X-Original-To, position: 1 }, to]', '--json'],
    ];
    const { status, stdout, stderr } = await command(words, `${HUSH}\n`);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ mailbox: 'everyone', added: true, secrets: ['everyone'] });
    expect(configText()).toBe(
      FILE.replace(
        'logLevel',
        `    everyone:
        type: global
        host: pop.provider.example
        username: '0123'
        schedule: cron */10 7-19 * * 1-5 Europe/Berlin
        port: 1995
        recipientSource: [{ header: X-Original-To, position: 1 }, to]
        password: { secret: everyone }
logLevel`,
      ),
    );
    expect(secretsText()).toBe(`${SECRETS}everyone: 'hush ''7c1f9b'' # 0'\n`);
    expect(statSync(config).mode & 0o777).toBe(0o640);
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    expect(stderr).not.toContain('7c1f9b');
    expect((await command(['check'])).status).toBe(0);
  });

  test('add: everything that is wrong is said at once, and nothing is written', async () => {
    const words = ['mailbox', 'add', 'sales', 'type=user', 'port=x', 'tls=none', 'prot=1'];
    const { status, stderr } = await command(words, `${HUSH}\n`);
    expect(status).toBe(2);
    for (const path of ['host', 'username', 'port', 'deliverTo', 'prot']) {
      expect(stderr).toContain(`mailboxes.sales.${path}: expected`);
    }
    expect(stderr).toContain('did you mean "port"?');
    expect(configText()).toBe(FILE);
    expect(secretsText()).toBe(SECRETS);
  });

  test.each([
    ['no password', ['add', 'sales', 'type=user'], '', 'password of mailbox sales: expected it'],
    ['an id that is taken', ['add', 'Chris'], HUSH, 'mailbox edit chris changes it'],
    ['an id that is none', ['add', '_notices', 'type=user'], HUSH, 'expected an id'],
    [
      'a password as an argument',
      ['edit', 'chris', `password=${HUSH}`],
      '',
      'no secret on the comm',
    ],
    ['one in a block', ['edit', 'chris', 'oauth={clientSecret: 7c1f9b}'], '', 'no secret on the c'],
    ['a word without =', ['edit', 'chris', HUSH], '', 'expected key=value'],
    ['nothing to change', ['edit', 'chris'], '', 'expected key=value'],
    [
      'an unknown mailbox',
      ['edit', 'nobody', 'keep=none'],
      '',
      'configuration (chris), got nobody',
    ],
    ['an unknown one to remove', ['remove', 'nobody', '--yes'], '', 'configuration (chris)'],
    ['nobody to confirm it', ['remove', 'chris'], 'y\n', 'expected --yes'],
    [
      'a wrong value',
      ['edit', 'chris', 'schedule=every 0m'],
      '',
      'mailboxes.chris.schedule: expec',
    ],
    ['a required setting gone', ['edit', 'chris', 'host='], '', 'mailboxes.chris.host: expected'],
  ])(
    '%s is wrong use, changes nothing, and repeats no secret',
    async (_what, words, input, said) => {
      const { status, stderr } = await command(['mailbox', ...words], input);
      expect([status, stderr]).toEqual([2, expect.stringContaining(said)]);
      expect(stderr).not.toContain('7c1f9b');
      expect(configText()).toBe(FILE);
      expect(secretsText()).toBe(SECRETS);
    },
  );

  test('edit: single settings in their place, others untouched; an empty value means the default', async () => {
    const { status, stderr } = await command([
      ...['mailbox', 'edit', 'chris', 'host=pop.other.example', 'keep=forever'],
      ...['deliverTo=chris@corp.example,kelly@corp.example'],
    ]);
    expect(status, stderr).toBe(0);
    const list = '        deliverTo:\n        - chris@corp.example   # on Fridays too\n';
    const edited = FILE.replace('pop.provider', 'pop.other').replace(
      list,
      '        deliverTo: [chris@corp.example, kelly@corp.example]   # on Fridays too\n        keep: forever\n',
    );
    expect(configText()).toBe(edited);
    expect((await command(['mailbox', 'edit', 'chris', 'keep='])).status).toBe(0);
    expect(configText()).toBe(edited.replace('        keep: forever\n', ''));
  });

  test('edit --password: a new secret under the name that the mailbox uses; who else uses it is said', async () => {
    const { status, stderr } = await command(['mailbox', 'edit', 'chris', '--password'], HUSH);
    expect(status, stderr).toBe(0);
    expect(secretsText()).toBe("# keep out\nsmtp: 'one'\nchris: 'hush ''7c1f9b'' # 0'\n");
    expect(configText()).toBe(FILE);

    const shared = FILE.replace('{ secret: smtp }', '{ secret: chris }');
    writeFileSync(config, shared);
    const other = await command(['mailbox', 'edit', 'chris', '--password'], 'three');
    expect(other.stderr).toContain('it is also that of delivery.smtp.password');
  });

  test('a plain password becomes a secret when it is changed', async () => {
    writeFileSync(config, FILE.replace('{ secret: chris }', 'plain-old'));
    const { status, stderr } = await command(['mailbox', 'edit', 'chris', '--password'], 'new');
    expect(status, stderr).toBe(0);
    expect(configText()).toBe(FILE);
    expect(parse(secretsText())).toMatchObject({ chris: 'new' });
  });

  test('a secret whose name another entry has gets another name', async () => {
    const words = ['mailbox', 'add', 'smtp', 'type=user', 'host=pop.example', 'username=x'];
    const { status, stderr } = await command([...words, 'deliverTo=x@corp.example'], 'three');
    expect(status, stderr).toBe(0);
    expect(parse(secretsText())).toEqual({ smtp: 'one', chris: 'two', 'mailbox-smtp': 'three' });
    expect(parse(configText())).toMatchObject({
      mailboxes: { smtp: { password: { secret: 'mailbox-smtp' } } },
    });
  });

  test('a secrets file that others may read gets no password; one that is not there is made', async () => {
    const words = ['mailbox', 'edit', 'chris', '--password'];
    writeFileSync(secrets, SECRETS);
    const open = join(scratch.path, 'open.yaml');
    writeFileSync(open, SECRETS, { mode: 0o644 });
    const refused = await commandHere([...words, '--config', config, '--secrets', open], HUSH);
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('chmod 600')]);
    expect(readFileSync(open, 'utf8')).toBe(SECRETS);

    const made = join(scratch.path, 'made.yaml');
    const { status } = await commandHere([...words, '--config', config, '--secrets', made], HUSH);
    expect(status).toBe(0);
    expect(statSync(made).mode & 0o777).toBe(0o600);
    expect(parse(readFileSync(made, 'utf8'))).toEqual({ chris: HUSH });
  });

  test('one broken entry neither hides nor bars the others; it can be mended', async () => {
    const broken = FILE.replace('logLevel', '    wrong: { type: usr }\nlogLevel');
    writeFileSync(config, broken);
    const listed = await command(['mailbox', 'list', '--json']);
    expect(listed.status).toBe(2);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      mailboxes: [
        { id: 'chris', type: 'user', schedule: 'every 5m', keep: 'none', problems: [] },
        {
          id: 'wrong',
          type: null,
          problems: expect.arrayContaining([expect.any(String)]) as unknown,
        },
      ],
    });
    expect((await command(['mailbox', 'edit', 'chris', 'keep=forever'])).status).toBe(0);
    const words = ['type=user', 'host=pop.example', 'username=w', 'deliverTo=w@corp.example'];
    const mended = await command(['mailbox', 'edit', 'wrong', ...words, '--password'], HUSH);
    expect(mended.status, mended.stderr).toBe(0);
    expect((await command(['check'])).status).toBe(0);
  });

  test('list, for people; nothing on standard output', async () => {
    const { status, stdout, stderr } = await command(['mailbox', 'list']);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/│ chris\s+│ user\s+│ pop.provider.example:995 │ implicit/);
  });

  test('remove: says what becomes of mail under way, and takes the entry alone', async () => {
    const { status, stdout, stderr } = await command([
      'mailbox',
      'remove',
      'chris',
      '--yes',
      '--json',
    ]);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ mailbox: 'chris', removed: true, incoming: 0, failed: 0 });
    expect(stderr).toContain('mail that is still at its provider stays there');
    expect(stderr).toContain('On their way: 0 of its messages');
    expect(parse(configText())).toMatchObject({ mailboxes: null, logLevel: 'info' });
    expect(configText()).toContain('    # the boss\n');
    expect(secretsText()).toBe(SECRETS);
  });

  test('log level: shown, set, and refused when it is none', async () => {
    const shown = await command(['log', 'level', '--json']);
    expect([shown.status, JSON.parse(shown.stdout)]).toEqual([0, { logLevel: 'info' }]);
    const set = await command(['log', 'level', 'debug', '--json']);
    expect([set.status, JSON.parse(set.stdout)]).toEqual([0, { logLevel: 'debug' }]);
    expect(configText()).toBe(FILE.replace('logLevel: info', 'logLevel: debug'));
    const wrong = await command(['log', 'level', 'loud']);
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('logLevel: expected'),
    ]);
  });
});
