import { afterEach, describe, expect, test } from 'vitest';

import { runOnce as runEmbedded } from '../../infra/local/run-once.ts';
import { status } from '../../functions/api/status.ts';
import { isWell } from '../../functions/api/run-summary.ts';
import { filesIn } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene, EmbeddedSceneOptions } from '../support/embedded-scene.ts';
import { mailboxFor, PASSWORD } from '../support/provider-and-server.ts';
import type { Configuration } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';

const ONE = sampleMessage('chris@provider.example', 'one');
const TWO = sampleMessage('chris@provider.example', 'two', {
  body: 'A longer body than the other.',
});
const THREE = sampleMessage('chris@provider.example', 'three');

/**
 * Mail passes from the provider into the connector's hands once, whatever the provider does at QUIT, RETR or UIDL, and
 * is deleted there as `keep` says. What this does not prove: crashes of the connector itself (crash-points.test.ts).
 */
describe('custody', () => {
  let scene: EmbeddedScene | null = null;
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    await scene?.close();
    scene = null;
    for (const close of closing.splice(0)) await close();
  });

  async function make(options: EmbeddedSceneOptions): Promise<EmbeddedScene> {
    scene = await makeEmbeddedScene(options);
    return scene;
  }

  test.each(['close-before-deletion', 'refuse'] as const)(
    'QUIT fails (%s): nothing was deleted; the next run knows the bytes and sends no second copy',
    async (quit) => {
      const { runOnce, pop3, smtp } = await make({
        mails: { chris: [ONE, TWO] },
        faults: { quit },
      });
      const first = await runOnce();
      expect(first.mailboxes).toMatchObject([
        { id: 'chris', status: 'failed', fetched: 2, left: 0 },
      ]);
      expect(first.messages).toMatchObject({ fetched: 2, delivered: 2 });
      expect(pop3.mails('chris')).toHaveLength(2);

      pop3.setFaults({});
      const second = await runOnce();
      expect(second.mailboxes).toMatchObject([{ status: 'ok', fetched: 2, error: null }]);
      expect(second.messages).toMatchObject({ fetched: 2, duplicate: 2, delivered: 0 });
      expect(pop3.mails('chris')).toEqual([]);
      expect(smtp.received).toHaveLength(2);
    },
  );

  test('QUIT fails after the deletion: what was taken is delivered and never missed', async () => {
    const { runOnce, pop3, smtp } = await make({
      mails: { chris: [ONE, TWO] },
      faults: { quit: 'close-after-deletion' },
    });
    const { mailboxes, messages } = await runOnce();
    expect(mailboxes).toMatchObject([{ status: 'failed', fetched: 2 }]);
    expect(messages).toMatchObject({ fetched: 2, delivered: 2 });
    expect(pop3.mails('chris')).toEqual([]);
    pop3.setFaults({});
    expect((await runOnce()).messages).toMatchObject({ fetched: 0, carried: 0 });
    expect(smtp.received).toHaveLength(2);
  });

  test('RETR refused for one message: the others go on, it is left and stays', async () => {
    const { runOnce, pop3, smtp } = await make({
      mails: { chris: [ONE, TWO, THREE] },
      faults: { refuseRetr: [2] },
    });
    const { mailboxes, messages } = await runOnce();
    expect(mailboxes).toMatchObject([{ status: 'ok', fetched: 2, left: 1 }]);
    expect(messages).toMatchObject({ fetched: 2, delivered: 2 });
    expect(pop3.mails('chris')).toEqual([TWO]);
    expect(smtp.received).toHaveLength(2);
  });

  test('keep forever: nothing is deleted, and the second run fetches nothing', async () => {
    const { runOnce, pop3, smtp } = await make({
      mails: { chris: [ONE, TWO] },
      configuration: keepForever,
    });
    expect((await runOnce()).messages).toMatchObject({ fetched: 2, delivered: 2 });
    const second = await runOnce();
    expect(second.mailboxes).toMatchObject([{ status: 'ok', fetched: 0, left: 0 }]);
    pop3.addMail('chris', THREE);
    expect((await runOnce()).messages).toMatchObject({ fetched: 1, delivered: 1 });
    expect(pop3.mails('chris')).toHaveLength(3);
    expect(pop3.commands.filter((line) => line.startsWith('DELE'))).toEqual([]);
    expect(smtp.received).toHaveLength(3);
  });

  test('a UIDL that is given to another message, or to two at once, hides none of them', async () => {
    const { runOnce, smtp, configure, pop3 } = await make({
      mails: { chris: [{ content: ONE, uidl: 'same' }] },
      configuration: keepForever,
    });
    await runOnce();
    // A server that numbers anew: the same account, other messages under the old ids.
    const renumbered = await startPop3Server({
      users: {
        chris: {
          password: PASSWORD,
          mails: [
            { content: TWO, uidl: 'same' },
            { content: ONE, uidl: 'twice' },
            { content: THREE, uidl: 'twice' },
          ],
        },
      },
    });
    closing.push(() => renumbered.close());
    configure(
      keepForever({
        domains: ['corp.example'],
        delivery: { transport: 'smtp', smtp: { host: '127.0.0.1', port: smtp.port, tls: 'none' } },
        mailboxes: { chris: mailboxFor('chris', renumbered.port) },
      }),
    );
    expect((await runOnce()).messages).toMatchObject({ fetched: 3, delivered: 2, duplicate: 1 });
    expect(smtp.received).toHaveLength(3);
    expect(pop3.mails('chris')).toEqual([ONE]);
  });

  test('a server without UIDL: keep none works, keep forever is that mailbox’s error', async () => {
    const { runOnce, pop3, smtp } = await make({
      mails: { chris: [ONE], kelly: [TWO] },
      faults: { noUidl: true },
      configuration: (usual) => ({
        ...usual,
        mailboxes: { ...usual.mailboxes, kelly: { ...usual.mailboxes['kelly'], keep: 'forever' } },
      }),
    });
    const { mailboxes } = await runOnce();
    expect(mailboxes).toMatchObject([
      { id: 'chris', status: 'ok', fetched: 1 },
      { id: 'kelly', status: 'failed', fetched: 0, error: { kind: 'protocol' } },
    ]);
    expect(mailboxes[1]?.error?.message).toContain('keep "forever" expects a server with UIDL');
    expect(pop3.mails('chris')).toEqual([]);
    expect(pop3.mails('kelly')).toEqual([TWO]);
    expect(smtp.received.map(({ recipients }) => recipients)).toEqual([['chris@corp.example']]);
  });

  test('two users of one provider: each has the same bytes, and each gets them', async () => {
    const { runOnce, smtp, data } = await make({ mails: { chris: [ONE], kelly: [ONE] } });
    expect((await runOnce()).messages).toMatchObject({ fetched: 2, delivered: 2, duplicate: 0 });
    expect(smtp.received.flatMap(({ recipients }) => recipients).sort()).toEqual([
      'chris@corp.example',
      'kelly@corp.example',
    ]);
    expect(filesIn(data, 'Incoming')).toEqual([]);
  });

  test('limits: what is over them is left, the run says so, and status shows what stays', async () => {
    const { runOnce, pop3, open } = await make({
      mails: { chris: [ONE, TWO, THREE, sampleMessage('chris@provider.example', 'four')] },
      configuration: (usual) => ({
        ...usual,
        limits: { messageBytes: TWO.length - 1, messagesPerRun: 2 },
      }),
    });
    const first = await runOnce();
    expect(first.mailboxes).toMatchObject([
      { status: 'partial', fetched: 2, left: 2, error: null },
    ]);
    expect(isWell(first)).toBe(false);
    const second = await runOnce();
    expect(second.mailboxes).toMatchObject([{ status: 'ok', fetched: 1, left: 1 }]);
    expect(pop3.mails('chris')).toEqual([TWO]);
    const embedded = await open();
    closing.push(() => embedded.close());
    const { mailboxes } = await status(embedded.deps);
    expect(mailboxes).toMatchObject([
      { id: 'chris', left: 1, staying: { tooLarge: 1, unretrievable: 0, skipped: 0 } },
    ]);
  });

  test('messages that the server refuses at every run do not bar those behind them', async () => {
    const { runOnce, pop3 } = await make({
      mails: { chris: [ONE, TWO, THREE] },
      faults: { refuseRetr: [1, 2] },
      configuration: (usual) => ({ ...usual, limits: { messagesPerRun: 1 } }),
    });
    expect((await runOnce()).mailboxes).toMatchObject([{ status: 'ok', fetched: 1, left: 2 }]);
    expect(pop3.mails('chris')).toEqual([ONE, TWO]);
  });

  test('a run that is told to close takes what is under way, QUITs, and leaves the rest', async () => {
    const { open, pop3 } = await make({ mails: { chris: [ONE, TWO] } });
    const embedded = await open();
    closing.push(() => embedded.close());
    const summary = await runEmbedded(embedded, [], AbortSignal.abort());
    expect(summary.mailboxes).toMatchObject([{ status: 'partial', fetched: 0, left: 2 }]);
    expect(pop3.mails('chris')).toHaveLength(2);
    expect(pop3.commands.at(-1)).toBe('QUIT');
  });
});

function keepForever(usual: Configuration): Configuration {
  const entries = Object.entries(usual.mailboxes);
  return {
    ...usual,
    mailboxes: Object.fromEntries(entries.map(([id, one]) => [id, { ...one, keep: 'forever' }])),
  };
}
