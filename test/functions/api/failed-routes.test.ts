import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { answerBy } from '../../../functions/api/router.ts';
import { ROUTES } from '../../../functions/api/routes.ts';
import { carryDue } from '../../../infra/local/drain.ts';
import type { Embedded } from '../../../infra/local/embedded.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { keyOf } from '../../support/spooled-message.ts';

const MESSAGE = sampleMessage('gone@corp.example', 'refused');
const { sha256 } = keyOf('everyone', MESSAGE);
const KEY = `everyone/${sha256}`;
const NEVER = new AbortController().signal;

/** The API about mail that failed, as its two hosts answer it: by routes, ids and documents. */
describe('the API about failed mail', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let refusing = true;

  beforeAll(async () => {
    scene = await makeEmbeddedScene({
      mails: { everyone: [MESSAGE] },
      smtp: {
        replies: (stage, { address }) =>
          stage === 'rcpt' && refusing && address.startsWith('gone@')
            ? '550 5.1.1 no such user here'
            : undefined,
      },
    });
    await scene.runOnce();
    embedded = await scene.open();
  });

  afterAll(async () => {
    await embedded.close();
    await scene.close();
  });

  function ask(method: 'GET' | 'POST', address: string, document?: unknown) {
    const { pathname: path, searchParams: query } = new URL(address, 'http://api');
    const body = document === undefined ? '' : JSON.stringify(document);
    return answerBy(ROUTES, embedded.deps, { method, path, query, body });
  }

  test.each([
    ['by Message-ID', encodeURIComponent('<refused@nwtraders.example>')],
    ['by address', 'gone%40corp.example'],
    ['by key', encodeURIComponent(KEY)],
    ['by the first digits of its key', sha256.slice(0, 8)],
  ])('GET /messages finds it %s', async (_, query) => {
    expect(await ask('GET', `/messages?query=${query}`)).toMatchObject({
      status: 200,
      body: { messages: [{ key: KEY, state: 'failed', stored: 'Failed' }], more: false },
    });
  });

  test('GET /failed lists it, with what chooses', async () => {
    for (const chosen of ['', '?mailbox=everyone&reason=550', '?since=2000-01-01T00:00:00Z']) {
      expect(await ask('GET', `/failed${chosen}`)).toMatchObject({
        status: 200,
        body: { messages: [{ key: KEY, state: 'failed', reason: 'refused' }] },
      });
    }
    expect(await ask('GET', '/failed?reason=held')).toEqual({
      status: 200,
      body: { messages: [] },
    });
  });

  test.each([
    ['a query of nothing', 'GET', '/messages', undefined, 400, 'expected a Message-ID'],
    [
      'a query of two words',
      'GET',
      '/messages?query=two%20words',
      undefined,
      400,
      'got "two words"',
    ],
    [
      'a mailbox of no configuration',
      'GET',
      '/failed?mailbox=nobody',
      undefined,
      404,
      'got nobody',
    ],
    ['a time that is none', 'GET', '/failed?since=yesterday', undefined, 400, 'since'],
    ['a parameter that is none', 'GET', '/failed?box=everyone', undefined, 400, 'box'],
    ['an id that is none', 'GET', '/failed/nonsense', undefined, 404, 'got nonsense'],
    ['an id of nothing', 'POST', '/failed/everyone%2F00000000/retry', undefined, 404, '00000000'],
    ['a whole key of nothing', 'POST', `/failed/nobody/${sha256}/retry`, undefined, 404, 'nobody/'],
    ['a path in an id', 'POST', '/failed/..%2F..%2Fetc/retry', undefined, 404, 'expected the key'],
    ['rules that are none', 'POST', `/failed/${sha256}/retry`, { rules: 'old' }, 400, 'rules'],
    ['an unknown word', 'POST', `/failed/${sha256}/retry`, { dry: true }, 400, 'dry'],
    ['a list as body', 'POST', `/failed/${sha256}/retry`, [], 400, ''],
    ['an order about nothing', 'POST', '/failed/retry', {}, 400, 'expected keys, mailbox'],
    ['a removal by nobody', 'POST', '/failed/remove', { all: true }, 400, 'by'],
  ] as const)('%s gets a problem document', async (_, method, path, body, status, detail) => {
    const answer = await ask(method, path, body);
    expect(answer).toMatchObject({ status, body: { type: 'about:blank', status } });
    expect((answer.body as { detail: string }).detail).toContain(detail);
  });

  test('POST /failed/{id}/retry with dryRun tells and does nothing', async () => {
    const before = await embedded.queues.deliver.depth();
    const answer = await ask('POST', `/failed/${sha256}/retry`, { dryRun: true });
    expect(answer).toMatchObject({
      status: 202,
      body: { key: KEY, outcome: 'done', recipients: ['gone@corp.example'] },
    });
    expect(await embedded.queues.deliver.depth()).toEqual(before);
    expect(await ask('GET', `/failed/${sha256}`)).toMatchObject({ body: { state: 'failed' } });
  });

  test.each([
    ['the key encoded', `/failed/${encodeURIComponent(KEY)}/retry`],
    ['the key as it is written', `/failed/${KEY}/retry`],
    ['its digits', `/failed/${sha256.slice(0, 12)}/retry`],
  ])('POST /failed/{id}/retry takes %s, and is safe to repeat', async (_, path) => {
    expect(await ask('POST', path)).toMatchObject({ status: 202, body: { outcome: 'done' } });
    expect(await ask('POST', path)).toMatchObject({
      status: 202,
      body: { outcome: 'nothing', why: expect.stringContaining('still wait') as string },
    });
    await carryDue(embedded, NEVER);
    expect(await ask('GET', `/failed/${sha256}`)).toMatchObject({ body: { state: 'failed' } });
  });

  test('what was delivered has left Failed/, and a removed one takes no orders', async () => {
    refusing = false;
    await ask('POST', '/failed/retry', { keys: [KEY] });
    await carryDue(embedded, NEVER);
    expect(await ask('GET', '/failed')).toEqual({ status: 200, body: { messages: [] } });
    expect(await ask('GET', `/messages?query=${sha256}`)).toMatchObject({
      body: { messages: [{ key: KEY, state: 'sent', stored: null }] },
    });
    refusing = true;
    const other = sampleMessage('gone@corp.example', 'unwanted');
    const otherKey = `everyone/${keyOf('everyone', other).sha256}`;
    await embedded.close();
    scene.pop3.addMail('everyone', other);
    await scene.runOnce();
    embedded = await scene.open();
    expect(await ask('POST', '/failed/remove', { keys: [otherKey], by: 'kim' })).toMatchObject({
      status: 200,
      body: { messages: [{ key: otherKey, outcome: 'done' }] },
    });
    await carryDue(embedded, NEVER);
    expect(await ask('POST', `/failed/${otherKey}/retry`)).toMatchObject({
      status: 409,
      body: { title: 'Conflict', detail: `${otherKey}: somebody removed it` },
    });
    expect(await ask('GET', '/failed')).toEqual({ status: 200, body: { messages: [] } });
  });
});
