import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { FailedEntry } from '../../functions/api/failed-entry.ts';
import type { TraceResult } from '../../functions/api/trace.ts';
import { main } from '../../manager/program.ts';
import { captureOutput } from '../support/captured-output.ts';
import { filesIn } from '../support/data-folder-files.ts';
import { withoutNotices } from '../support/own-notices.ts';
import { makeScene, onRequest, PASSWORD } from '../support/provider-and-server.ts';
import type { Scene } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { keyOf } from '../support/spooled-message.ts';

const SOON = { timeout: 20_000, interval: 50 };
const BOTH = sampleMessage('chris@corp.example, gone@corp.example', 'both');
const ONE = sampleMessage('gone@corp.example', 'only', { body: 'A secret body.' });
const KEY_BOTH = `everyone/${keyOf('everyone', BOTH).sha256}`;
const KEY_ONE = `everyone/${keyOf('everyone', ONE).sha256}`;

/**
 * The commands for failed mail, on one data folder in turn, first without a connector and then beside one that runs.
 * What this does not prove: what happens when a command dies half-way (test/drain/failed-crash-points.test.ts).
 */
describe('failed and trace', () => {
  let scene: Scene;
  let refusing = true;

  beforeAll(async () => {
    scene = await makeScene({
      mails: { everyone: [BOTH, ONE] },
      smtp: {
        replies: (stage, { address }) =>
          stage === 'rcpt' && refusing && address.startsWith('gone@')
            ? '550 5.1.1 no such user here'
            : undefined,
      },
      configuration: onRequest,
    });
  });

  afterAll(async () => {
    await scene.close();
  });

  /** The command's own code, without a process for each of dozens of commands. */
  async function command(words: readonly string[]) {
    const secrets = join(scene.folder, 'secrets.yaml');
    const common = ['--config', scene.configFile, '--data', scene.data, '--secrets', secrets];
    const output = captureOutput();
    try {
      const status = await main([...words, ...common]);
      return { status, stdout: output.stdout(), stderr: output.stderr() };
    } finally {
      output.restore();
    }
  }

  /** A command's JSON document, and the status it ended with. */
  async function asked(words: readonly string[]): Promise<{ status: number; document: unknown }> {
    const { status, stdout, stderr } = await command([...words, '--json']);
    try {
      return { status, document: JSON.parse(stdout) as unknown };
    } catch {
      throw new Error(`expected JSON, got status ${String(status)}: ${stdout}${stderr}`);
    }
  }

  async function list(...words: string[]) {
    const { status, document } = await asked(['failed', 'list', ...words]);
    return { status, document: document as { messages: FailedEntry[] } };
  }
  async function trace(query: string) {
    const { status, document } = await asked(['trace', query]);
    return { status, document: document as TraceResult };
  }
  const receivedBy = (address: string) =>
    withoutNotices(scene.smtp.received).filter(({ recipients }) => recipients.includes(address));

  test('nothing failed before the first run, and nothing is known', async () => {
    expect(await list()).toEqual({ status: 0, document: { messages: [] } });
    const { status, document } = await trace('<both@nwtraders.example>');
    expect(status).toBe(1);
    expect(document).toEqual({ messages: [], more: false });
  });

  test('list: each with recipients, reasons and replies; status 1', async () => {
    expect((await scene.runOnce()).status).toBe(1);
    const { status, document } = await list();
    expect(status).toBe(1);
    expect(document.messages.map(({ key }) => key).sort()).toEqual([KEY_BOTH, KEY_ONE].sort());
    const both = document.messages.find(({ key }) => key === KEY_BOTH);
    expect(both).toMatchObject({
      ...{ mailbox: 'everyone', state: 'failed', reason: 'refused', nextDue: null },
      ...{ messageId: '<both@nwtraders.example>', mailFrom: 'ann@nwtraders.example' },
      recipients: [
        { address: 'chris@corp.example', state: 'sent', code: 250 },
        {
          ...{ address: 'gone@corp.example', state: 'failed', reason: 'refused', attempts: 1 },
          ...{ code: 550, enhancedCode: '5.1.1', reply: 'no such user here' },
        },
      ],
    });
    for (const words of [
      ['--mailbox', 'everyone'],
      ['--reason', '5.1.1'],
      ['--since', '1h'],
    ]) {
      expect((await list(...words)).document.messages).toHaveLength(2);
    }
    for (const words of [
      ['--reason', 'held'],
      ['--since', '2099-01-01'],
    ]) {
      expect(await list(...words)).toMatchObject({ status: 0, document: { messages: [] } });
    }
  });

  test('show: by a shortened key, with header fields and the session, without secrets or body', async () => {
    const digits = KEY_ONE.slice('everyone/'.length, 'everyone/'.length + 10);
    const { status, document } = await asked(['failed', 'show', digits]);
    expect(status).toBe(0);
    expect(document).toMatchObject({
      ...{ key: KEY_ONE, size: ONE.length, header: { subject: 'only' } },
      transcript: expect.arrayContaining(['S: 550 5.1.1 no such user here']) as unknown,
    });
    const words = await command(['failed', 'show', KEY_ONE]);
    expect(words).toMatchObject({ status: 0, stdout: '' });
    expect(words.stderr).toContain('no such user here');
    expect(words.stderr + JSON.stringify(document)).not.toContain('secret body');
    expect(words.stderr + JSON.stringify(document)).not.toContain(PASSWORD);
  });

  test('trace: by Message-ID, recipient, sender and key, from fetch to the last reply', async () => {
    for (const query of ['<both@nwtraders.example>', 'both@nwtraders.example', KEY_BOTH]) {
      const { status, document } = await trace(query);
      expect(status).toBe(1);
      expect(document.messages).toMatchObject([
        {
          ...{ key: KEY_BOTH, state: 'failed', stored: 'Failed', outcome: 'deliver' },
          recipients: [
            { address: 'chris@corp.example', source: 'To', state: 'sent', code: 250 },
            { address: 'gone@corp.example', state: 'failed', code: 550 },
          ],
        },
      ]);
    }
    const keysBy = async (query: string) =>
      (await trace(query)).document.messages.map(({ key }) => key).sort();
    expect(await keysBy('CHRIS@corp.example')).toEqual([KEY_BOTH]);
    expect(await keysBy('gone@corp.example')).toEqual([KEY_BOTH, KEY_ONE].sort());
    expect(await keysBy('ann@nwtraders.example')).toEqual([KEY_BOTH, KEY_ONE].sort());
    expect(await keysBy(KEY_ONE.slice(0, 20))).toEqual([KEY_ONE]);
    const words = await scene.command(['trace', KEY_BOTH]);
    expect(words).toMatchObject({ status: 1, stdout: '' });
    expect(words.stderr).toContain(`lies in: Failed/${KEY_BOTH}.eml`);
  });

  test('what is meant wrongly is status 2, and nothing happens', async () => {
    for (const words of [
      ['failed', 'show', 'everyone/00000000'],
      ['failed', 'retry'],
      ['failed', 'retry', 'nonsense'],
      ['failed', 'retry', KEY_ONE, '--all'],
      ['failed', 'retry', KEY_ONE, '--rules', 'old'],
      ['failed', 'list', '--mailbox', 'nobody'],
      ['failed', 'list', '--since', 'yesterday'],
      ['failed', 'list', '--reason', 'tired'],
      ['failed', 'remove', KEY_ONE],
      ['trace', 'two words'],
    ]) {
      expect((await command(words)).status, words.join(' ')).toBe(2);
    }
    expect(filesIn(scene.data, 'Failed')).toHaveLength(4);
  });

  test('retry --dry-run says what would be done, and does nothing', async () => {
    const sent = scene.smtp.received.length;
    const { status, document } = await asked(['failed', 'retry', '--all', '--dry-run']);
    expect(status).toBe(0);
    expect(document).toMatchObject({
      dryRun: true,
      messages: [
        { outcome: 'done', recipients: ['gone@corp.example'], state: null },
        { outcome: 'done', recipients: ['gone@corp.example'], state: null },
      ],
    });
    expect(scene.smtp.received).toHaveLength(sent);
    expect((await list()).document.messages.map(({ state }) => state)).toEqual([
      'failed',
      'failed',
    ]);
  });

  test('retry of what is refused again stays, with what was said this time; status 1', async () => {
    const { status, document } = await asked(['failed', 'retry', KEY_ONE]);
    expect(status).toBe(1);
    expect(document).toMatchObject({
      messages: [{ key: KEY_ONE, outcome: 'done', state: 'failed' }],
    });
    const one = (await list()).document.messages.find(({ key }) => key === KEY_ONE);
    expect(one?.recipients).toMatchObject([{ state: 'failed', attempts: 2 }]);
  });

  test('retry by filter reaches those who did not get it, and nobody else, and clears the entries', async () => {
    refusing = false;
    const { status, document } = await asked(['failed', 'retry', '--reason', 'refused']);
    expect(status).toBe(0);
    expect(document).toMatchObject({
      messages: [
        { outcome: 'done', state: 'sent' },
        { outcome: 'done', state: 'sent' },
      ],
    });
    expect(receivedBy('gone@corp.example')).toHaveLength(2);
    expect(receivedBy('chris@corp.example')).toHaveLength(1);
    expect(filesIn(scene.data, 'Failed')).toEqual([]);
    expect(await list()).toEqual({ status: 0, document: { messages: [] } });
    expect((await trace(KEY_BOTH)).document.messages).toMatchObject([
      { state: 'sent', stored: null },
    ]);
  });

  test('retry again does nothing', async () => {
    const sent = scene.smtp.received.length;
    const { status, document } = await asked(['failed', 'retry', KEY_BOTH]);
    expect(status).toBe(0);
    expect(document).toMatchObject({ messages: [{ outcome: 'nothing' }] });
    expect(scene.smtp.received).toHaveLength(sent);
  });

  test('remove --yes: gone for good, who and when stays known', async () => {
    refusing = true;
    const message = sampleMessage('gone@corp.example', 'unwanted');
    const key = `everyone/${keyOf('everyone', message).sha256}`;
    scene.pop3.addMail('everyone', message);
    await scene.runOnce();
    const tried = await asked(['failed', 'remove', key, '--dry-run']);
    expect(tried).toMatchObject({ status: 0, document: { dryRun: true } });
    expect(filesIn(scene.data, 'Failed')).toHaveLength(2);
    expect(await asked(['failed', 'remove', key, '--yes'])).toMatchObject({
      status: 0,
      document: { messages: [{ key, outcome: 'done' }] },
    });
    expect(filesIn(scene.data, 'Failed')).toEqual([]);
    expect((await trace(key)).document.messages).toMatchObject([
      { state: 'removed', removed: { by: expect.stringContaining('@') as string } },
    ]);
    expect(await asked(['failed', 'retry', key])).toMatchObject({
      status: 1,
      document: { messages: [{ outcome: 'refused', why: 'somebody removed it' }] },
    });
  });

  test('with the ledger lost, the report beside the copy is enough to try again', async () => {
    const message = sampleMessage('chris@corp.example, gone@corp.example', 'restored');
    const key = `everyone/${keyOf('everyone', message).sha256}`;
    scene.pop3.addMail('everyone', message);
    await scene.runOnce();
    for (const ending of ['', '-wal', '-shm']) {
      rmSync(join(scene.data, `mailferry.sqlite${ending}`), { force: true });
    }
    refusing = false;
    const before = receivedBy('chris@corp.example').length;
    expect((await list()).document.messages).toMatchObject([{ key, reason: 'refused' }]);
    expect(await asked(['failed', 'retry', key])).toMatchObject({
      status: 0,
      document: { messages: [{ recipients: ['gone@corp.example'], state: 'sent' }] },
    });
    const [last] = receivedBy('gone@corp.example').slice(-1);
    expect(last?.data.toString()).toContain('\r\nSubject: restored\r\n');
    expect(last?.data.toString()).toMatch(/^Received: .*\r\n(?: .*\r\n)*X-Mailferry-Id:/);
    expect(receivedBy('chris@corp.example')).toHaveLength(before);
    expect(filesIn(scene.data, 'Failed')).toEqual([]);
  });

  test('beside a connector that runs, its socket answers', async () => {
    refusing = true;
    const message = sampleMessage('gone@corp.example', 'beside');
    const key = `everyone/${keyOf('everyone', message).sha256}`;
    scene.pop3.addMail('everyone', message);
    const service = scene.start(['run']);
    await expect.poll(() => service.stderr(), SOON).toContain('mailferry runs');
    await scene.command(['fetch', 'everyone']);
    await expect.poll(async () => (await list()).document.messages.length, SOON).toBe(1);
    expect((await asked(['failed', 'show', key])).document).toMatchObject({ key });
    refusing = false;
    expect(await asked(['failed', 'retry', key])).toMatchObject({
      status: 0,
      document: { messages: [{ key, outcome: 'done', state: 'sent' }] },
    });
    expect((await trace(key)).status).toBe(0);
    await expect.poll(() => filesIn(scene.data, 'Failed'), SOON).toEqual([]);
    service.child.kill('SIGTERM');
    await service.result;
  });
});
