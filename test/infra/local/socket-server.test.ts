import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Embedded } from '../../../infra/local/embedded.ts';
import { closeSocket, listenOnSocket } from '../../../infra/local/socket-server.ts';
import { beginRun } from '../../../shared/ledger/mailbox-transitions.ts';
import { acceptedBody, askSocket } from '../../../manager/socket-client.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';

describe('the API on the unix socket', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let server: Server | null = null;

  beforeEach(async () => {
    scene = await makeEmbeddedScene({ mails: { chris: [], kelly: [] } });
    embedded = await scene.open();
  });

  afterEach(async () => {
    if (server !== null) await closeSocket(server);
    server = null;
    await embedded.close();
    await scene.close();
  });

  async function ask(method: 'GET' | 'POST', path: string) {
    const answer = await askSocket(embedded.folder.socket, method, path);
    if (answer === null) throw new Error('expected an answer, got nobody there');
    return answer;
  }

  test('is for its owner alone, and takes the place of a dead owner’s', async () => {
    writeFileSync(embedded.folder.socket, 'left by kill -9');
    server = await listenOnSocket(embedded);
    expect(statSync(embedded.folder.socket).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(embedded.folder.socket)).mode & 0o077).toBe(0);
    expect(await ask('GET', '/status')).toMatchObject({
      code: 200,
      body: { mailboxes: [{ id: 'chris', status: 'never' }, { id: 'kelly' }] },
    });
  });

  test('fetch now: all, or one; in the ledger before it is acknowledged', async () => {
    server = await listenOnSocket(embedded);
    const requestedAt = new Date(scene.clock.now()).toISOString();
    expect(await ask('POST', '/mailboxes/kelly/fetch')).toEqual({
      code: 202,
      body: {
        ...{ mailboxes: ['kelly'], requestedAt },
        jobs: [{ id: `kelly@${requestedAt}`, mailbox: 'kelly', joined: false }],
        runs: [{ mailbox: 'kelly', answer: { kind: 'noted', startedBefore: null } }],
      },
    });
    expect(await embedded.deps.mailboxes.read('kelly')).toMatchObject({
      requestedAt: scene.clock.now(),
    });
    expect(await embedded.deps.mailboxes.read('chris')).toBeNull();
    expect(await ask('POST', '/fetch')).toMatchObject({
      body: { mailboxes: ['chris', 'kelly'] },
    });
    expect(await embedded.queues.fetch.depth()).toMatchObject({ ready: 2 });
  });

  test.each([
    ['an unknown mailbox', 'POST', '/mailboxes/nobody/fetch', 'got nobody'],
    ['an unknown route', 'GET', '/elsewhere', 'no such route'],
    ['a name that is no text', 'POST', '/mailboxes/%ff/fetch', 'no such route'],
  ] as const)(
    '%s is 404 with the reason, and wrong use for the command',
    async (_what, method, path, said) => {
      server = await listenOnSocket(embedded);
      const answer = await ask(method, path);
      expect(answer).toMatchObject({ code: 404, body: { status: 404, type: 'about:blank' } });
      expect(() => acceptedBody(answer)).toThrow(
        expect.objectContaining({
          kind: 'settings',
          message: expect.stringContaining(said) as string,
        }) as Error,
      );
    },
  );

  test('fetch now joins the run that is under way: nothing is queued, and the answer names its start', async () => {
    server = await listenOnSocket(embedded);
    const startedAt = scene.clock.now();
    const run = { owner: 'other', now: startedAt, until: startedAt + 60_000 };
    await embedded.deps.mailboxes.change('kelly', beginRun(run));
    scene.clock.advance(1000);
    expect(await ask('POST', '/mailboxes/kelly/fetch')).toMatchObject({
      body: { runs: [{ mailbox: 'kelly', answer: { kind: 'joined', startedAt } }] },
    });
    expect(await embedded.queues.fetch.depth()).toMatchObject({ ready: 0 });
    expect((await embedded.deps.mailboxes.read('kelly'))?.requestedAt).toBeNull();
    embedded.progress.set('kelly', { messages: 1, ofMessages: 2, octets: 3, ofOctets: 4 });
    expect(await ask('GET', '/status')).toMatchObject({
      body: { mailboxes: [{}, { id: 'kelly', status: 'busy', progress: { ofMessages: 2 } }] },
    });
  });

  test('a folder whose path is too long for a socket is refused in words, and asked in vain', async () => {
    const socket = join(scene.data, 'x'.repeat(100), 'mailferry.sock');
    mkdirSync(dirname(socket));
    const tooLong = { ...embedded, folder: { ...embedded.folder, socket } };
    await expect(listenOnSocket(tooLong)).rejects.toMatchObject({
      kind: 'settings',
      message: expect.stringContaining('short enough for a socket') as string,
    });
    expect(await askSocket(socket, 'GET', '/status')).toBeNull();
  });

  test('nobody there: none ever, and one that died', async () => {
    expect(await askSocket(embedded.folder.socket, 'GET', '/status')).toBeNull();
    writeFileSync(embedded.folder.socket, '');
    expect(await askSocket(embedded.folder.socket, 'GET', '/status')).toBeNull();
  });
});
