import { statSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';

import { filesIn } from '../support/data-folder-files.ts';
import type { RunningCommand } from '../support/mailferry-command.ts';
import { makeScene } from '../support/provider-and-server.ts';
import type { Configuration, Scene, SceneOptions } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';

/** A bound, not a measure: the service looks at its configuration every five seconds. */
const SOON = { timeout: 20_000, interval: 50 };

/**
 * The connector as it runs for good: configuration taken up while it runs, the socket, clean and unclean ends. What
 * this does not prove: days of running, nor the times of the schedule (test/settings/schedule.test.ts).
 */
describe('service', () => {
  let scene: Scene | null = null;

  afterEach(async () => {
    await scene?.close();
    scene = null;
  });

  async function make(options: SceneOptions): Promise<Scene> {
    scene = await makeScene(options);
    return scene;
  }

  async function started(from: Scene): Promise<RunningCommand> {
    const service = from.start(['run']);
    await expect.poll(() => service.stderr(), SOON).toContain('mailferry runs');
    return service;
  }

  test('idle without a mailbox; takes up one that is added, keeps the last good configuration, fetches when asked', async () => {
    const world = await make({
      mails: { chris: [sampleMessage('chris@provider.example', 'one')], kelly: [] },
      configuration: (usual) => ({ ...usual, mailboxes: {} }),
    });
    const { pop3, smtp } = world;
    const service = await started(world);
    expect(statSync(join(world.data, 'mailferry.sock')).mode & 0o777).toBe(0o600);
    expect(statSync(world.data).mode & 0o777).toBe(0o700);
    const idle = await world.command(['status', '--json']);
    expect(idle.status).toBe(0);
    expect(JSON.parse(idle.stdout)).toMatchObject({ mailboxes: [], open: 0, failed: 0 });

    // A mailbox is added, never due by schedule after its first run.
    const usual = withMailbox(world);
    world.configure(usual);
    await expect.poll(() => smtp.received.length, SOON).toBe(1);
    expect(pop3.mails('chris')).toEqual([]);

    // fetch follows the run: when it ends, the mail has left the provider.
    pop3.addMail('chris', sampleMessage('chris@provider.example', 'two'));
    const fetched = await world.command(['fetch', 'chris', '--json']);
    expect(fetched.status, fetched.stderr).toBe(0);
    expect(JSON.parse(fetched.stdout)).toMatchObject({
      mailboxes: [{ id: 'chris', status: 'ok', left: 0, error: null }],
    });
    expect(pop3.mails('chris')).toEqual([]);
    await expect.poll(() => smtp.received.length, SOON).toBe(2);

    // Somebody breaks the file: the last good one stays in use, and status says so.
    world.configure('mailboxes: [');
    const broken = await world.command(['status', '--json']);
    expect(broken.status).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({
      mailboxes: [{ id: 'chris', status: 'ok' }],
      problems: [{ severity: 'error' }],
    });

    // One entry is broken: it stops alone, and status says which.
    world.configure({
      ...usual,
      mailboxes: { ...usual.mailboxes, kelly: { type: 'user', host: 'pop.example' } },
    });
    const { stdout } = await world.command(['status', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      mailboxes: [
        { id: 'chris', status: 'ok' },
        { id: 'kelly', status: 'misconfigured', error: { kind: 'settings' } },
      ],
    });
    service.child.kill('SIGTERM');
    expect((await service.result).status).toBe(0);
  });

  test('SIGTERM while a message is in delivery: it is finished, the rest waits, status 0', async () => {
    const mails = Array.from({ length: 8 }, (_, index) =>
      sampleMessage('chris@provider.example', `m${index}`),
    );
    const world = await make({
      mails: { chris: mails },
      smtp: { delayMs: 15 },
      configuration: (usual) => ({ ...usual, delivery: { ...usual.delivery, concurrency: 1 } }),
    });
    const service = await started(world);
    await expect.poll(() => world.smtp.received.length, SOON).toBeGreaterThan(0);
    service.child.kill('SIGTERM');
    const { status, signal, stderr } = await service.result;
    expect([status, signal], stderr).toEqual([0, null]);
    const arrived = world.smtp.received.length;
    expect(arrived).toBeLessThan(mails.length);
    expect(filesIn(world.data, 'Incoming')).toHaveLength(mails.length - arrived);
    expect(world.smtp.commands.at(-1)).toBe('QUIT');

    // The rest goes on at the next start, and nobody gets a second copy.
    const { summary } = await world.runOnce();
    expect(summary.messages).toMatchObject({ carried: mails.length - arrived, deferred: 0 });
    expect(world.smtp.received).toHaveLength(mails.length);
  });

  test('a second one on the same folder is refused; after kill -9 the next starts at once', async () => {
    const world = await make({ mails: { chris: [] } });
    const first = await started(world);
    const second = await world.command(['run', '--once', '--json']);
    expect(second.status).toBe(1);
    expect(JSON.parse(second.stdout)).toMatchObject({ error: { kind: 'store' } });
    expect(second.stderr).toContain('expected to be its only owner, but another mailferry has it');

    first.child.kill('SIGKILL');
    expect((await first.result).signal).toBe('SIGKILL');
    world.pop3.addMail('chris', sampleMessage('chris@provider.example', 'one'));
    const { status, summary } = await world.runOnce();
    expect(status).toBe(0);
    expect(summary.messages).toMatchObject({ fetched: 1, delivered: 1 });
  });
});

function withMailbox(world: Scene): Configuration {
  const configured = world.configured as Configuration;
  return {
    ...configured,
    mailboxes: {
      chris: {
        ...{ type: 'user', host: '127.0.0.1', port: world.pop3.port, tls: 'none' },
        ...{ username: 'chris', password: { secret: 'provider' }, schedule: 'every 24h' },
        deliverTo: ['chris@corp.example'],
      },
    },
  };
}
