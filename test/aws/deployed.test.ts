import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hostStory } from '../contract/host-story.ts';
import { makeDeployedHost } from '../support/deployed-host.ts';
import { startAccount } from '../support/deployed-stack.ts';
import type { EmulatedAccount } from '../support/deployed-stack.ts';
import { runMailferry } from '../support/mailferry-command.ts';
import type { CommandResult } from '../support/mailferry-command.ts';
import { install } from '../support/mailferry-run.ts';
import type { Installation } from '../support/mailferry-run.ts';
import { configurationFor, onRequest, PASSWORD } from '../support/provider-and-server.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { operateStory } from './operate-story.ts';

const STAGE = 'story';
/** Nothing listens there, and nothing is ever due. */
const DOCUMENT = onRequest(configurationFor(['chris', 'everyone'], 1100, 2500));

/**
 * The stack as `cdk deploy` makes it, the functions as they are bundled, the command as a user has it: mail goes from
 * a POP3 server on loopback through S3, SQS, DynamoDB and SSM to an SMTP server, in the very story of the embedded
 * host (test/stories/host-story.test.ts). What this does not prove: anything that MiniStack does not enforce (IAM,
 * KMS, throttling, memory; docs/aws.md), and the times of AWS.
 */
describe('deployed', () => {
  const scratch = makeScratchFolder('deployed');
  let account: EmulatedAccount;
  let installed: Installation;

  beforeAll(async () => {
    installed = install(join(scratch.path, 'written'), DOCUMENT, { provider: PASSWORD });
    account = await startAccount();
    await account.deploy(STAGE);
  });

  afterAll(async () => {
    await account.stop();
    scratch.remove();
  });

  function command(...words: readonly string[]): Promise<CommandResult> {
    return runMailferry(words, account.ministack.environment);
  }

  function withFiles(...words: readonly string[]): Promise<CommandResult> {
    const [config, secrets] = [installed.common.slice(0, 2), installed.common.slice(4)];
    return command(...words, '--stage', STAGE, ...config, ...secrets);
  }

  test('a stage that is not there, and one without a configuration, are told as such', async () => {
    const nowhere = await command('status', '--stage', 'nowhere');
    expect(nowhere.status).toBe(2);
    expect(nowhere.stderr).toContain('/mailferry/nowhere/stack in region us-east-1');
    expect((await command('status', '--stage', 'No/where')).status).toBe(2);
    const unconfigured = await command('status', '--stage', STAGE);
    expect(unconfigured.status).toBe(2);
    expect(unconfigured.stderr).toContain(
      `no configuration under /mailferry/${STAGE}/: run mailferry config push`,
    );
    expect((await withFiles('config', 'pull')).status).toBe(2);
  });

  test('config push, diff and pull: the file becomes parameters, and no secret comes back', async () => {
    expect((await withFiles('config', 'diff')).status).toBe(1);
    const pushed = await withFiles('config', 'push', '--json');
    expect(pushed).toMatchObject({ status: 0 });
    expect(JSON.parse(pushed.stdout)).toEqual({
      added: ['secrets/provider', 'settings/general', 'mailboxes/chris', 'mailboxes/everyone'],
      changed: [],
      removed: [],
    });
    expect(await withFiles('config', 'diff')).toMatchObject({ status: 0, stdout: '' });
    const pull = ['config', 'pull', '--stage', STAGE, '--config', join(scratch.path, 'pulled')];
    expect((await command(...pull)).status).toBe(0);
    // It is not written over: it may be somebody's own.
    expect((await command(...pull)).status).toBe(2);
    const printed = await withFiles('config', 'pull', '--json');
    expect(JSON.parse(printed.stdout)).toEqual(DOCUMENT);
  });

  operateStory('a second stage', () => account);

  hostStory('the deployed stack', () =>
    Promise.resolve(
      makeDeployedHost(account, STAGE, () => account.deploy(STAGE, { deliveryConcurrency: '8' })),
    ),
  );

  test('a message that came to Failed/ is a figure in the log of deliver, for the alarm', () => {
    const figure = /"_aws":\{.*"CloudWatchMetrics".*"Namespace":"Mailferry".*\}/;
    const lines = account.ministack.log().split('\n');
    const figures = lines.filter((line) => figure.test(line) && line.includes('"Parked":1'));
    // Another stage of the account has figures of its own.
    const ours = figures.filter((line) => line.includes(`"service":"mailferry-${STAGE}"`));
    expect(ours.length).toBeGreaterThanOrEqual(1);
  });
});
