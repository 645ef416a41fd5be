import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { StatusReport } from '../../functions/api/status.ts';
import { startAccount } from '../support/deployed-stack.ts';
import type { EmulatedAccount } from '../support/deployed-stack.ts';
import { runMailferry } from '../support/mailferry-command.ts';
import type { CommandResult } from '../support/mailferry-command.ts';
import { install, readSummary } from '../support/mailferry-run.ts';
import type { Installation } from '../support/mailferry-run.ts';
import { makeSurroundings, PASSWORD } from '../support/provider-and-server.ts';
import type { Configuration, Surroundings } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { keyOf } from '../support/spooled-message.ts';

const STAGE = 'story';
const REFUSED = sampleMessage('gone@corp.example', 'refused');
/** The first gap is a minute with a tenth of jitter; then a poll of the event source. Milliseconds. */
const RETRIED_WITHIN_MS = 150_000;

/**
 * The stack as `cdk deploy` makes it, the functions as they are bundled, the command as a user has it: mail goes from
 * a POP3 server on loopback through S3, SQS, DynamoDB and SSM to an SMTP server. What this does not prove: anything
 * that MiniStack does not enforce (IAM, KMS, throttling, memory; docs/aws.md), and the times of AWS.
 */
describe('deployed', () => {
  let account: EmulatedAccount;
  let scene: Surroundings;
  let installed: Installation;
  let busy = true;

  beforeAll(async () => {
    scene = await makeSurroundings({
      mails: {
        chris: [sampleMessage('chris@provider.example', 'one')],
        everyone: [
          sampleMessage('kelly@corp.example, bob@other.example', 'two'),
          sampleMessage('bob@other.example', 'three'),
          REFUSED,
          sampleMessage('busy@corp.example', 'later'),
        ],
      },
      smtp: {
        replies: (stage, { address }) => {
          if (stage !== 'rcpt') return undefined;
          if (address === 'gone@corp.example') return '550 5.1.1 no such user here';
          return address === 'busy@corp.example' && busy ? '451 4.2.1 mailbox busy' : undefined;
        },
      },
      configuration: onRequest,
    });
    installed = install(join(scene.folder, 'configuration'), scene.configured, {
      provider: PASSWORD,
    });
    account = await startAccount();
    await account.deploy(STAGE);
  });

  afterAll(async () => {
    await account.stop();
    await scene.close();
  });

  /** By themselves the mailboxes would be fetched by the first tick, before anybody asks. */
  function onRequest(usual: Configuration): unknown {
    const mailboxes = Object.entries(usual.mailboxes).map(([id, one]) => [
      id,
      { ...one, schedule: 'never' },
    ]);
    return { ...usual, mailboxes: Object.fromEntries(mailboxes) as unknown };
  }

  function command(...words: readonly string[]): Promise<CommandResult> {
    const [config, secrets] = [installed.common.slice(0, 2), installed.common.slice(4)];
    return runMailferry(
      [...words, '--stage', STAGE, ...config, ...secrets],
      account.ministack.environment,
    );
  }

  async function status(): Promise<StatusReport> {
    const { stdout, stderr } = await command('status', '--json');
    try {
      return JSON.parse(stdout) as StatusReport;
    } catch {
      throw new Error(`expected a status as JSON, got ${JSON.stringify(stdout)}; ${stderr}`);
    }
  }

  const receivedBy = (address: string) =>
    scene.smtp.received.filter(({ recipients }) => recipients.includes(address));

  test('a stage that is not there, and one without a configuration, are told as such', async () => {
    const { environment } = account.ministack;
    const nowhere = await runMailferry(['status', '--stage', 'nowhere'], environment);
    expect(nowhere.status).toBe(2);
    expect(nowhere.stderr).toContain('/mailferry/nowhere/stack in region us-east-1');
    expect((await runMailferry(['status', '--stage', 'No/where'], environment)).status).toBe(2);
    const unconfigured = await command('status');
    expect(unconfigured.status).toBe(2);
    expect(unconfigured.stderr).toContain(
      `no configuration under /mailferry/${STAGE}/: run mailferry config push`,
    );
    expect((await command('config', 'pull')).status).toBe(2);
  });

  test('config push, diff and pull: the file becomes parameters, and no secret comes back', async () => {
    expect((await command('config', 'diff')).status).toBe(1);
    const pushed = await command('config', 'push', '--json');
    expect(pushed).toMatchObject({ status: 0 });
    expect(JSON.parse(pushed.stdout)).toEqual({
      added: ['secrets/provider', 'settings/general', 'mailboxes/chris', 'mailboxes/everyone'],
      changed: [],
      removed: [],
    });
    expect(await command('config', 'diff')).toMatchObject({ status: 0, stdout: '' });
    const pulled = join(scene.folder, 'pulled.yaml');
    const { environment } = account.ministack;
    const pull = ['config', 'pull', '--stage', STAGE, '--config', pulled];
    expect((await runMailferry(pull, environment)).status).toBe(0);
    // It is not written over: it may be somebody's own.
    expect((await runMailferry(pull, environment)).status).toBe(2);
    const check = await runMailferry(['check', '--stage', STAGE, '--json'], environment);
    expect(check).toMatchObject({ status: 0 });
    const printed = await command('config', 'pull', '--json');
    expect(JSON.parse(printed.stdout)).toEqual(scene.configured);
    rmSync(pulled);
  });

  test('run --once: asks, follows, and counts as on one machine', async () => {
    const { status: code, summary } = readSummary(await command('run', '--once', '--json'));
    expect(code).toBe(1);
    expect(summary.mailboxes).toMatchObject([
      { id: 'chris', status: 'ok', fetched: 1, left: 0, error: null },
      { id: 'everyone', status: 'ok', fetched: 4, left: 0, error: null },
    ]);
    expect(summary.messages).toEqual({
      ...{ fetched: 5, carried: 0, deferred: 1, failed: 1, held: 0 },
      ...{ undeliverable: 1, delivered: 2, duplicate: 0 },
    });
    expect(scene.pop3.mails('chris')).toEqual([]);
    expect(scene.pop3.mails('everyone')).toEqual([]);
    expect(receivedBy('chris@corp.example')).toHaveLength(1);
    expect(receivedBy('kelly@corp.example')).toHaveLength(1);
    expect(receivedBy('admin@corp.example')).toHaveLength(1);
    expect(receivedBy('bob@other.example')).toEqual([]);
    const [got] = receivedBy('kelly@corp.example');
    expect(got?.data.toString('latin1')).toMatch(/\r\n\r\nAbout two\.\r\n$/);
  });

  test('the refused message lies in Failed/ with its report, and explain reads it there', async () => {
    const key = keyOf('everyone', REFUSED);
    const name = `${key.mailbox}/${key.sha256}`;
    const report: unknown = JSON.parse(await account.object(STAGE, `Failed/${name}.json`));
    expect(report).toMatchObject({
      ...{ key: name, reason: 'refused' },
      recipients: [{ address: 'gone@corp.example', state: 'failed', code: 550 }],
    });
    expect(await account.object(STAGE, `Failed/${name}.eml`)).toBe(REFUSED.toString('latin1'));
    const explained = await command('explain', '--key', name, '--json');
    expect(explained.status).toBe(0);
    expect(JSON.parse(explained.stdout)).toMatchObject({
      outcome: 'deliver',
      recipients: [{ address: 'gone@corp.example' }],
    });
  });

  test('an update by cdk deploy keeps the mail that waits, and it is retried after its gap', async () => {
    expect(await status()).toMatchObject({ open: 1, failed: 1 });
    await account.deploy(STAGE, { deliveryConcurrency: '8' });
    busy = false;
    const until = performance.now() + RETRIED_WITHIN_MS;
    while (receivedBy('busy@corp.example').length === 0 && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    expect(receivedBy('busy@corp.example')).toHaveLength(1);
    const { status: code, summary } = readSummary(await command('run', '--once', '--json'));
    expect(code).toBe(0);
    expect(summary.messages).toMatchObject({ fetched: 0, deferred: 0 });
    expect(await status()).toMatchObject({ open: 0, failed: 1 });
  });

  test('fetch now, of one mailbox', async () => {
    scene.pop3.addMail('chris', sampleMessage('chris@provider.example', 'asked for'));
    const { status: code, stdout } = await command('fetch', 'chris', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ mailboxes: [{ id: 'chris', status: 'ok' }] });
    expect(scene.pop3.mails('chris')).toEqual([]);
    const unknown = await command('fetch', 'nobody');
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain('got nobody');
  });

  test('nobody got anything twice', () => {
    const deliveries = scene.smtp.received.map(({ recipients, data }) =>
      JSON.stringify([recipients, /^Message-ID: .*$/im.exec(data.toString('latin1'))?.[0]]),
    );
    expect(new Set(deliveries).size).toBe(deliveries.length);
  });
});
