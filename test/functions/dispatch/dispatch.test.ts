import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { requestFetchNow } from '../../../functions/api/request-fetch.ts';
import { dispatch } from '../../../functions/dispatch/dispatch.ts';
import type { Embedded, EmbeddedDeps } from '../../../infra/local/embedded.ts';
import { beginRun, endRun } from '../../../shared/ledger/mailbox-transitions.ts';
import type { FetchJob } from '../../../shared/queue/job-queue.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';

const MINUTE = 60_000;
const RESULT = { status: 'ok', fetched: 0, bytes: 0, left: 0, error: null } as const;

describe('dispatch', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let deps: EmbeddedDeps;
  let queued: FetchJob[];

  beforeEach(async () => {
    scene = await makeEmbeddedScene({
      mails: { chris: [], kelly: [] },
      configuration: (usual) => ({
        ...usual,
        mailboxes: {
          ...usual.mailboxes,
          kelly: { ...usual.mailboxes['kelly'], schedule: 'never' },
        },
      }),
    });
    embedded = await scene.open();
    queued = [];
    deps = {
      ...embedded.deps,
      fetchQueue: {
        send: (jobs) => {
          queued.push(...jobs);
          return Promise.resolve();
        },
      },
    };
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  const begin = (id: string, forMs = MINUTE) =>
    deps.mailboxes.change(
      id,
      beginRun({ owner: 'me', now: scene.clock.now(), until: scene.clock.now() + forMs }),
    );
  const end = (id: string) => deps.mailboxes.change(id, endRun('me', RESULT, scene.clock.now()));

  test('what never ran is due at once, by schedule; "never" is not', async () => {
    expect(await dispatch(deps)).toEqual(['chris']);
    expect(queued).toEqual([{ mailbox: 'chris', queuedAt: scene.clock.now() }]);
  });

  test('after a run it is due again when its period comes round', async () => {
    await begin('chris');
    await end('chris');
    expect(await dispatch(deps)).toEqual([]);
    scene.clock.advance(5 * MINUTE);
    expect(await dispatch(deps)).toEqual(['chris']);
  });

  test('a mailbox that is being fetched is left to that run, until its lease ends', async () => {
    await begin('chris', 10 * MINUTE);
    scene.clock.advance(10 * MINUTE - 1);
    expect(await dispatch(deps)).toEqual([]);
    scene.clock.advance(1);
    expect(await dispatch(deps)).toEqual(['chris']);
  });

  test('a request makes it due, also with "never", also when its job got lost, until a run began after it', async () => {
    await begin('chris');
    await begin('kelly');
    await end('kelly');
    scene.clock.advance(1);
    expect(await requestFetchNow(deps, ['kelly'])).toEqual(['kelly']);
    expect(queued.splice(0)).toEqual([{ mailbox: 'kelly', queuedAt: scene.clock.now() }]);
    expect(await dispatch(deps)).toEqual(['kelly']);
    await begin('kelly');
    await end('kelly');
    expect(await dispatch(deps)).toEqual([]);
  });

  test('a run that was under way may have listed before the mail came: the request outlives it', async () => {
    await begin('kelly');
    scene.clock.advance(1);
    await requestFetchNow(deps, ['kelly']);
    await end('kelly');
    expect(await dispatch(deps)).toContain('kelly');
  });

  test('without a mailbox there is nothing to do', async () => {
    const settings = { ...(await deps.settings.read()), mailboxes: new Map() };
    expect(
      await dispatch({ ...deps, settings: { read: () => Promise.resolve(settings) } }),
    ).toEqual([]);
    expect(queued).toEqual([]);
  });

  test('a request for all names all; one for an unknown mailbox names it, and asks for none', async () => {
    expect(await requestFetchNow(deps, [])).toEqual(['chris', 'kelly']);
    queued.length = 0;
    await expect(requestFetchNow(deps, ['chris', 'nobody'])).rejects.toMatchObject({
      kind: 'settings',
      message: expect.stringMatching(/chris, kelly.*got nobody/) as string,
    });
    expect(queued).toEqual([]);
  });
});
