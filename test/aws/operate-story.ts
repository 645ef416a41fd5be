import { setTimeout as pause } from 'node:timers/promises';

import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { SWEEP_GRACE_MS } from '../../shared/limits.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import { makeDeployedHost } from '../support/deployed-host.ts';
import type { EmulatedAccount } from '../support/deployed-stack.ts';
import { destroyClients, objectsIn } from '../support/emulated-stage.ts';
import { runMailferry } from '../support/mailferry-command.ts';
import type { CommandResult } from '../support/mailferry-command.ts';
import { makeSurroundings, onRequest, PASSWORD } from '../support/provider-and-server.ts';
import type { Surroundings } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { keyOf } from '../support/spooled-message.ts';
import { stageAccount } from '../support/stage-account.ts';
import type { StageAccount } from '../support/stage-account.ts';

const STAGE = 'operated';
/** Bounds, not measures: a tick a minute, settings that are kept for a minute, a poll of the event source after each. */
const BY_ITSELF = { timeout: 240_000, interval: 500 } as const;
const ON_REQUEST = { timeout: 60_000, interval: 250 } as const;

/**
 * What its operator does with a stage that is deployed, and what it does by itself, after `cdk deploy` and without
 * another one; then its removal. What this does not prove: that IAM lets in whom it should.
 */
export function operateStory(name: string, makeAccount: () => EmulatedAccount): void {
  describe(`${name} is operated`, () => {
    let account: EmulatedAccount;
    let scene: Surroundings;
    let stage: StageAccount;
    let refusing = false;

    beforeAll(async () => {
      account = makeAccount();
      await account.deploy(STAGE);
      scene = await makeSurroundings({
        mails: { office: [], sales: [] },
        smtp: {
          replies: (when, { address }) =>
            refusing && when === 'rcpt' && address === 'new@corp.example'
              ? '550 5.1.1 no such user here'
              : undefined,
        },
        configuration: (usual) => {
          const { office } = usual.mailboxes;
          return onRequest({ ...usual, mailboxes: { office: office ?? {} } });
        },
      });
      stage = await stageAccount(account, STAGE);
      await using host = makeDeployedHost(account, STAGE, () => Promise.resolve());
      await host.configure(scene.configured, { provider: PASSWORD });
    });

    afterAll(async () => {
      destroyClients(stage.clients);
      await scene.close();
    });

    async function command(words: readonly string[], input = ''): Promise<CommandResult> {
      const { environment } = account.ministack;
      const result = await runMailferry([...words, '--stage', STAGE], environment, input);
      expect(result.stderr).not.toContain(PASSWORD);
      return result;
    }

    async function well(words: readonly string[], input = ''): Promise<string> {
      const { status, stdout, stderr } = await command(words, input);
      expect(status, stderr).toBe(0);
      return stdout;
    }

    const receivedBy = (address: string) =>
      scene.smtp.received.filter(({ recipients }) => recipients.includes(address)).length;

    test('POST /mailboxes/{id}/fetch: a job, and the mail arrives', async () => {
      scene.pop3.addMail('office', sampleMessage('office@provider.example', 'asked for'));
      const newest = ['explain', '--mailbox', 'office', '--last', '1', '--json'];
      expect(JSON.parse(await well(newest))).toMatchObject([{ outcome: 'deliver' }]);
      const { status, body } = await stage.api('POST', '/mailboxes/office/fetch');
      expect([status, body]).toEqual([
        202,
        expect.objectContaining({
          mailboxes: ['office'],
          jobs: [
            { id: expect.stringMatching(/^office@20/) as string, mailbox: 'office', joined: false },
          ],
        }),
      ]);
      await expect.poll(() => receivedBy('office@corp.example'), ON_REQUEST).toBe(1);
      expect(scene.pop3.mails('office')).toEqual([]);
      const unknown = await stage.api('POST', '/mailboxes/nobody/fetch');
      expect(unknown).toMatchObject({ status: 404, type: 'application/problem+json' });
      expect(await stage.api('GET', '/status')).toMatchObject({
        status: 200,
        body: { mailboxes: [{ id: 'office', status: 'ok' }] },
      });
    });

    test('a mailbox that the command adds is fetched by its schedule, and nobody asks', async () => {
      const { port } = scene.pop3;
      const entry = [
        `port=${port}`,
        'tls=none',
        'deliverTo=[sales@corp.example]',
        'schedule=every 1m',
      ];
      const named = ['--type', 'user', '--host', '127.0.0.1', '--username', 'sales'];
      await well(['mailbox', 'add', 'sales', ...named, ...entry], `${PASSWORD}\n`);
      expect(await stage.parameterType('secrets/sales')).toBe('SecureString');
      await well(['mailbox', 'test', 'sales']);
      // Broken by hand, and no other mailbox is the worse for it.
      await stage.putParameter('mailboxes/broken', '{ no JSON');
      await well(['mailbox', 'edit', 'office', 'deliverTo=[new@corp.example]']);
      await well(['log', 'level', 'warn']);
      // Status 2: something in the configuration is wrong.
      const list = await command(['mailbox', 'list', '--json']);
      expect([list.status, list.stdout]).toEqual([2, expect.not.stringContaining(PASSWORD)]);
      expect(JSON.parse(list.stdout)).toMatchObject({
        mailboxes: expect.arrayContaining([
          expect.objectContaining({ id: 'office' }),
          expect.objectContaining({ id: 'sales' }),
        ]) as unknown,
      });
      scene.pop3.addMail('sales', sampleMessage('sales@provider.example', 'by itself'));
      await expect.poll(() => receivedBy('sales@corp.example'), BY_ITSELF).toBe(1);
      expect(scene.pop3.mails('sales')).toEqual([]);
      const { status, stdout } = await command(['status', '--json']);
      expect([status, stdout]).toEqual([1, expect.stringContaining('mailboxes.broken')]);
    });

    test('a changed setting is in force, without a deployment', async () => {
      // The functions keep settings for a minute; the mailbox above was added together with this change.
      let sent = 0;
      const oneMore = async (): Promise<number> => {
        sent += 1;
        scene.pop3.addMail('office', sampleMessage('office@provider.example', `later ${sent}`));
        expect((await stage.api('POST', '/mailboxes/office/fetch')).status).toBe(202);
        await pause(3000);
        return receivedBy('new@corp.example');
      };
      await expect.poll(oneMore, BY_ITSELF).toBeGreaterThan(0);
      expect(JSON.parse(await well(['log', 'level', '--json']))).toMatchObject({
        logLevel: 'warn',
      });
      await expect
        .poll(() => receivedBy('new@corp.example') + receivedBy('office@corp.example'), ON_REQUEST)
        .toBe(sent + 1);
    });

    /** Fetches one message that the server refuses. @returns its key */
    async function refusedMessage(subject: string): Promise<string> {
      refusing = true;
      const mail = sampleMessage('office@provider.example', subject);
      scene.pop3.addMail('office', mail);
      expect((await stage.api('POST', '/mailboxes/office/fetch')).status).toBe(202);
      const key = formatKey(keyOf('office', mail));
      const refused = { key, mailbox: 'office', state: 'failed', reason: 'refused' };
      await expect
        .poll(() => stage.api('GET', '/failed'), ON_REQUEST)
        .toMatchObject({ status: 200, body: { messages: [refused] } });
      refusing = false;
      return key;
    }

    test('what is refused is listed and traced, and arrives when the API retries it', async () => {
      const before = receivedBy('new@corp.example');
      const key = await refusedMessage('refused');
      const listed = await command(['failed', 'list', '--json']);
      expect(listed.status).toBe(1);
      expect(JSON.parse(listed.stdout)).toMatchObject({ messages: [{ key }] });
      const query = '<refused@nwtraders.example>';
      const traced = await command(['trace', query, '--json']);
      expect(traced.status).toBe(1);
      expect(JSON.parse(traced.stdout)).toMatchObject({ messages: [{ key, state: 'failed' }] });
      const asked = await stage.api('GET', `/messages?query=${encodeURIComponent(query)}`);
      expect(asked).toMatchObject({ status: 200, body: { messages: [{ key }] } });
      expect((await stage.api('POST', `/failed/${key}/retry`)).status).toBe(202);
      await expect.poll(() => receivedBy('new@corp.example'), ON_REQUEST).toBe(before + 1);
      await expect
        .poll(() => stage.api('GET', '/failed'), ON_REQUEST)
        .toMatchObject({ body: { messages: [] } });
      expect((await command(['trace', key])).status).toBe(0);
    });

    test('and when the command does', async () => {
      const before = receivedBy('new@corp.example');
      const key = await refusedMessage('refused as well');
      const retried = JSON.parse(await well(['failed', 'retry', key, '--json'])) as unknown;
      expect(retried).toMatchObject({ messages: [{ key, outcome: 'done', state: 'sent' }] });
      expect(receivedBy('new@corp.example')).toBe(before + 1);
    });

    test('mail whose event S3 lost is found by the sweep', async () => {
      const before = receivedBy('new@corp.example');
      await stage.withoutEvents(async () => {
        scene.pop3.addMail('office', sampleMessage('office@provider.example', 'without an event'));
        expect((await stage.api('POST', '/mailboxes/office/fetch')).status).toBe(202);
        await expect.poll(() => scene.pop3.mails('office'), ON_REQUEST).toEqual([]);
      });
      const [lost, ...others] = await objectsIn(stage.clients.s3, stage.bucket);
      expect([lost, others]).toEqual([expect.stringMatching(/^Incoming\/office\//), []]);
      await stage.callAhead('sweep', SWEEP_GRACE_MS + 60_000);
      await expect.poll(() => receivedBy('new@corp.example'), ON_REQUEST).toBe(before + 1);
      await expect.poll(() => objectsIn(stage.clients.s3, stage.bucket), ON_REQUEST).toEqual([]);
    });

    test('cdk diff of what is deployed: nothing would change', async () => {
      expect(await account.diff(STAGE)).toMatch(/no differences/i);
    });

    test('removal of the stack: mail and ledger stay, what moved them goes', async () => {
      await stage.withoutEvents(async () => {
        scene.pop3.addMail('office', sampleMessage('office@provider.example', 'on its way'));
        expect((await stage.api('POST', '/mailboxes/office/fetch')).status).toBe(202);
        await expect.poll(() => scene.pop3.mails('office'), ON_REQUEST).toEqual([]);
      });
      await account.destroy(STAGE);
      const kept = await objectsIn(stage.clients.s3, stage.bucket);
      expect(kept).toEqual([expect.stringMatching(/^Incoming\/office\/[0-9a-f]{64}\.eml$/)]);
      const table = new DescribeTableCommand({ TableName: stage.table });
      expect((await stage.clients.dynamo.send(table)).Table?.TableStatus).toBe('ACTIVE');
      for (const queue of Object.values(stage.queues)) {
        const gone = new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['All'] });
        await expect(stage.clients.sqs.send(gone)).rejects.toThrow();
      }
      expect((await command(['status'])).status).toBe(2);
    });
  });
}
