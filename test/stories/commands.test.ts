import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { runMailferry } from '../support/mailferry-command.ts';
import { makeScene } from '../support/provider-and-server.ts';
import type { Scene } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { keyOf } from '../support/spooled-message.ts';

const REFUSED = sampleMessage('gone@corp.example, bob@other.example', 'refused');

/**
 * What each command prints and the status it ends with, on one data folder in turn. What this does not prove: the
 * words for people, beyond that they are there, and commands while a connector runs (service.test.ts).
 */
describe('commands', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await makeScene({
      mails: {
        chris: [sampleMessage('chris@provider.example', 'one')],
        everyone: [REFUSED],
      },
      smtp: {
        replies: (stage, { address }) =>
          stage === 'rcpt' && address.startsWith('gone@') ? '550 5.1.1 unknown' : undefined,
      },
    });
  });

  afterAll(async () => {
    await scene.close();
  });

  test('check: well, in words and as JSON; nothing is connected to', async () => {
    const words = await scene.command(['check']);
    expect(words).toMatchObject({ status: 0, stdout: '' });
    expect(words.stderr).toMatch(/: well$/m);
    const json = await scene.command(['check', '--json']);
    expect(json.status).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true });
    expect(scene.pop3.connections).toBe(0);
  });

  test('check --presets: every preset with its sources, and no configuration is needed', async () => {
    const { status, stdout } = await runMailferry(['check', '--presets', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      presets: expect.arrayContaining([
        { preset: 'postfix', sources: ['{ header: X-Original-To, position: 1 }'] },
      ]) as unknown,
    });
  });

  test('check: a wrong configuration is status 2, with each problem in its fields', async () => {
    const config = join(scene.folder, 'wrong.yaml');
    writeFileSync(config, 'domains: [corp.example]\nmailboxes: { chris: { type: usr } }\n');
    const { status, stdout } = await runMailferry(['check', '--json', '--config', config]);
    expect(status).toBe(2);
    const { ok, problems } = JSON.parse(stdout) as { ok: boolean; problems: { path: string }[] };
    expect(ok).toBe(false);
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'delivery.smtp.host',
        'mailboxes.chris.type',
        'mailboxes.chris.host',
      ]),
    );
  });

  test('status before the first run: never, and all well', async () => {
    const { status, stdout } = await scene.command(['status', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      mailboxes: [
        { id: 'chris', status: 'never', lastRun: null, lastSuccess: null, left: 0, error: null },
        { id: 'everyone', status: 'never' },
      ],
      ...{ open: 0, oldestSeconds: null, failed: 0, problems: [] },
    });
  });

  test('explain --last: the newest on the server, every candidate field, nothing fetched', async () => {
    const { status, stdout } = await scene.command([
      ...['explain', '--mailbox', 'everyone', '--last', '5', '--json'],
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        number: 1,
        candidates: [{ header: 'To', value: 'gone@corp.example, bob@other.example' }],
        outcome: 'deliver',
        recipients: [{ address: 'gone@corp.example', source: 'To', rule: null, alias: null }],
      },
    ]);
    expect(scene.pop3.commands.some((line) => /^(RETR|DELE)/.test(line))).toBe(false);
    expect(scene.pop3.mails('everyone')).toHaveLength(1);
  });

  test('explain FILE: the contract’s document, field by field', async () => {
    const file = join(scene.folder, 'message.eml');
    const header = ['Return-Path: <ann@nwtraders.example>', 'Delivered-To: chris@corp.example'];
    writeFileSync(file, sampleMessage('chris@corp.example, bob@other.example', 'why', { header }));
    const { status, stdout } = await scene.command([
      ...['explain', file, '--mailbox', 'everyone', '--json'],
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      outcome: 'deliver',
      recipients: [{ address: 'chris@corp.example', source: 'To', rule: null, alias: null }],
      ignored: [{ address: 'bob@other.example', source: 'To', reason: 'domain not accepted' }],
      ignoredCount: 1,
      mailFrom: 'ann@nwtraders.example',
      removed: ['Return-Path'],
      renamed: { 'Delivered-To': 'X-Original-Delivered-To' },
      added: ['Received', 'X-Mailferry-Id'],
      reason: null,
      sources: [{ source: 'To, Cc, Apparently-To', addresses: 2, result: 'decides' }],
      warnings: [],
    });
    const words = await scene.command(['explain', file, '--mailbox', 'everyone']);
    expect(words).toMatchObject({ status: 0, stdout: '' });
    expect(words.stderr).toContain('chris@corp.example (from To)');
  });

  test('run --once for people: a table, counts, status 1 for what failed; nothing on standard output', async () => {
    const { status, stdout, stderr } = await scene.command(['run', '--once']);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/│ chris\s+│ ok\s+│ 1 /);
    expect(stderr).toContain('messages: fetched 2, carried 0, deferred 0, failed 1, held 0');
  });

  test('explain --key: a message in the store', async () => {
    const { sha256 } = keyOf('everyone', REFUSED);
    const { status, stdout } = await scene.command([
      ...['explain', '--key', `everyone/${sha256}`, '--json'],
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'deliver',
      recipients: [{ address: 'gone@corp.example' }],
    });
  });

  test('status after the run: when, what failed, status 1', async () => {
    const { status, stdout } = await scene.command(['status', '--json']);
    expect(status).toBe(1);
    const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
    expect(JSON.parse(stdout)).toMatchObject({
      mailboxes: [
        { id: 'chris', status: 'ok', lastRun: isoTime, lastSuccess: isoTime },
        { id: 'everyone', status: 'ok' },
      ],
      queues: { deliver: { ready: 0, inFlight: 0, delayed: 0 } },
      ...{ open: 0, failed: 1 },
    });
  });

  test('fetch of chosen mailboxes where no connector runs fetches those alone', async () => {
    const before = scene.pop3.logins.length;
    const { status, stdout } = await scene.command(['fetch', 'chris', 'chris', '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ mailboxes: [{ id: 'chris', status: 'ok' }] });
    expect(scene.pop3.logins.slice(before).map(({ user }) => user)).toEqual(['chris']);
  });

  test('a command line that is wrong is status 2, in words, with nothing on standard output', async () => {
    const { status, stdout, stderr } = await runMailferry(['run', '--onec']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain("unknown option '--onec'");
  });
});
