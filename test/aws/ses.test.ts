import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RunSummary } from '../../functions/api/run-summary.ts';
import { splitHeader } from '../../shared/mail/header-block.ts';
import { startAccount } from '../support/deployed-stack.ts';
import type { EmulatedAccount } from '../support/deployed-stack.ts';
import { runMailferry } from '../support/mailferry-command.ts';
import type { CommandResult } from '../support/mailferry-command.ts';
import { install } from '../support/mailferry-run.ts';
import type { Installation } from '../support/mailferry-run.ts';
import { configurationFor, onRequest, PASSWORD } from '../support/provider-and-server.ts';
import { sampleMessage, unfoldedHeader } from '../support/sample-message.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';

const STAGE = 'ses';
const FROM = 'connector@corp.example';
const BODY = 'A body.\r\n..with dots\r\n\r\nand an end';
const MESSAGE = sampleMessage('chris@corp.example, kelly@corp.example', 'hello', {
  body: BODY,
  header: ['Return-Path: <>', 'DKIM-Signature: v=1; b=a', 'DKIM-Signature: v=1; b=c'],
});

/**
 * Mail by Amazon SES: MiniStack's, which hands what it gets to a mail server of ours. By the command on one machine,
 * and by the functions as they are bundled and deployed. What this does not prove: MiniStack checks no identity, refuses
 * nothing, relays ASCII alone, and makes a new message of what comes by the second version of the API; for octets and
 * errors see test/courier/ses-courier.test.ts.
 */
describe('Amazon SES', () => {
  const scratch = makeScratchFolder('ses');
  let smtp: ScriptedSmtpServer;
  let account: EmulatedAccount;
  const providers: ScriptedPop3Server[] = [];

  beforeAll(async () => {
    smtp = await startSmtpServer();
    account = await startAccount({ sesRelay: `127.0.0.1:${smtp.port}` });
  });

  afterAll(async () => {
    await account.stop();
    await Promise.all(providers.map((provider) => provider.close()));
    await smtp.close();
    scratch.remove();
  });

  /** A provider that holds one message, and a configuration beside it that sends by SES. */
  async function installWith(name: string, mail: Buffer): Promise<Installation> {
    const users = { everyone: { password: PASSWORD, mails: [mail] } };
    const provider = await startPop3Server({ users });
    providers.push(provider);
    const usual = onRequest(configurationFor(['everyone'], provider.port, 25));
    const configuration = { ...usual, delivery: { transport: 'ses', ses: { from: FROM } } };
    return install(join(scratch.path, name), configuration, { provider: PASSWORD });
  }

  function command(words: readonly string[]): Promise<CommandResult> {
    return runMailferry(words, account.ministack.environment);
  }

  function expectDelivered({ stdout, status, stderr }: CommandResult, at: number): void {
    expect(status, stderr).toBe(0);
    expect((JSON.parse(stdout) as RunSummary).messages).toMatchObject({ fetched: 1, delivered: 1 });
    expect(smtp.received).toHaveLength(at + 1);
    const received = smtp.received[at];
    expect(received).toMatchObject({
      mailFrom: FROM,
      recipients: ['chris@corp.example', 'kelly@corp.example'],
    });
    const data = received?.data ?? Buffer.alloc(0);
    const body = data.subarray(splitHeader(data, true)?.bodyStart ?? 0);
    expect(body.toString()).toBe(`${BODY}\r\n`);
    const header = unfoldedHeader(data).split('\r\n');
    expect(header).toContain(`From: "ann at nwtraders.example" <${FROM}>`);
    expect(header).toContain('Reply-To: ann@nwtraders.example');
    expect(header).toContain('X-Original-Return-Path: <>');
    expect(header.filter((line) => line.startsWith('X-Original-DKIM-Signature:'))).toHaveLength(2);
    expect(header.filter((line) => line.startsWith('DKIM-Signature:'))).toEqual([]);
  }

  test('from one machine, by the command', async () => {
    const { args } = await installWith('here', MESSAGE);
    expectDelivered(await command(args), 0);
  });

  test('from one machine, more than 10 MB by the second version of the API', async () => {
    const line = `${'x'.repeat(76)}\r\n`;
    const body = line.repeat(Math.ceil(10_100_000 / line.length));
    const large = sampleMessage('chris@corp.example', 'large', { body });
    const { args } = await installWith('large', large);
    const { stdout, status, stderr } = await command(args);
    expect(status, stderr).toBe(0);
    expect((JSON.parse(stdout) as RunSummary).messages).toMatchObject({ delivered: 1 });
    const answer = await fetch(`${account.ministack.endpoint}/_ministack/ses/messages`);
    expect(await answer.text()).toContain('v2.SendEmail');
  });

  test('deployed: the functions load it when it is needed', async () => {
    await account.deploy(STAGE, { sesFrom: FROM });
    const before = smtp.received.length;
    const { common } = await installWith('stage', MESSAGE);
    const files = [...common.slice(0, 2), ...common.slice(4)];
    const pushed = await command(['config', 'push', '--stage', STAGE, ...files]);
    expect(pushed.status, pushed.stderr).toBe(0);
    expect((await command(['check', '--stage', STAGE])).stderr).not.toContain('sesFrom');
    expectDelivered(await command(['run', '--once', '--json', '--stage', STAGE]), before);
  });
});
