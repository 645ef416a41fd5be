import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { requestFetchNow } from '../../../functions/api/request-fetch.ts';
import { dispatch } from '../../../functions/dispatch/dispatch.ts';
import type { Embedded, EmbeddedDeps } from '../../../infra/local/embedded.ts';
import { NO_MAILBOX_RECORD } from '../../../shared/ledger/mailbox-record.ts';
import { maildropAtStart } from '../../../shared/ledger/maildrop-transitions.ts';
import { beginRun, endRun } from '../../../shared/ledger/mailbox-transitions.ts';
import type { RunEnd } from '../../../shared/ledger/mailbox-transitions.ts';
import type { RunResult } from '../../../shared/ledger/mailbox-record.ts';
import { connectionDigest } from '../../../shared/settings/connection-digest.ts';
import type { FetchJob } from '../../../shared/queue/job-queue.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';

const MINUTE = 60_000;
const RESULT = { status: 'ok', fetched: 0, bytes: 0, left: 0, error: null } as const;
const FAILED: RunResult = {
  ...RESULT,
  status: 'failed',
  error: { kind: 'connect', message: 'refused' },
};

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
  const end = (id: string, result: RunResult = RESULT, more: Partial<RunEnd> = {}) =>
    deps.mailboxes.change(
      id,
      endRun('me', {
        ...{ result, now: scene.clock.now(), fault: null, login: null },
        ...{ maildrop: null, connection: null, gapAfter: () => 0, ...more },
      }),
    );
  /** A run of `chris` that takes no time, and fails by its server. */
  const fail = async (gap: number, more: Partial<RunEnd> = {}) => {
    const { mailboxes } = await deps.settings.read();
    const chris = mailboxes.get('chris');
    if (chris === undefined) throw new Error('expected the mailbox chris');
    const connection = connectionDigest(chris);
    const fault = { kind: 'server', credentials: null } as const;
    await begin('chris');
    await end('chris', FAILED, { fault, connection, gapAfter: () => gap, ...more });
    return connection;
  };

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
    expect(await requestFetchNow(deps, ['kelly'])).toEqual([
      { mailbox: 'kelly', answer: { kind: 'noted', startedBefore: scene.clock.now() - 1 } },
    ]);
    expect(queued.splice(0)).toEqual([{ mailbox: 'kelly', queuedAt: scene.clock.now() }]);
    expect(await dispatch(deps)).toEqual(['kelly']);
    await begin('kelly');
    await end('kelly');
    expect(await dispatch(deps)).toEqual([]);
  });

  test('a run that is under way answers a request; if it dies, it is made good at once', async () => {
    await begin('kelly');
    scene.clock.advance(1);
    expect(await requestFetchNow(deps, ['kelly'])).toMatchObject([{ answer: { kind: 'joined' } }]);
    expect(queued).toEqual([]);
    await end('kelly');
    expect(await dispatch(deps)).not.toContain('kelly');

    scene.clock.advance(1);
    await begin('kelly');
    await requestFetchNow(deps, ['kelly']);
    scene.clock.advance(MINUTE);
    expect(await dispatch(deps)).toContain('kelly');
  });

  test('a failing mailbox is left alone until its back-off is over, but not by those who ask', async () => {
    await fail(12 * MINUTE);
    scene.clock.advance(10 * MINUTE);
    expect(await dispatch(deps)).toEqual([]);
    await requestFetchNow(deps, ['chris']);
    expect(await dispatch(deps)).toEqual(['chris']);
    await fail(12 * MINUTE);
    scene.clock.advance(12 * MINUTE - 1);
    expect(await dispatch(deps)).toEqual([]);
    scene.clock.advance(1);
    expect(await dispatch(deps)).toEqual(['chris']);
  });

  test('other settings end a back-off, and so does a clock that was wrong when it was written', async () => {
    await fail(12 * MINUTE, { connection: 'the digest of other settings' });
    scene.clock.advance(5 * MINUTE);
    expect(await dispatch(deps)).toEqual(['chris']);
    await fail(10_000 * MINUTE);
    scene.clock.advance(5 * MINUTE);
    expect(await dispatch(deps)).toEqual(['chris']);
  });

  test('what the provider demands between two logins binds schedule and request alike', async () => {
    await begin('chris');
    const connection = await fail(0);
    await begin('chris');
    const login = { at: scene.clock.now(), delayMs: 15 * MINUTE, tooSoon: false };
    await end('chris', RESULT, { connection, login });
    scene.clock.advance(10 * MINUTE);
    expect(await dispatch(deps)).toEqual([]);
    expect(await requestFetchNow(deps, ['chris'])).toMatchObject([
      { answer: { kind: 'tooSoon', until: scene.clock.now() + 5 * MINUTE } },
    ]);
    expect(await dispatch(deps)).toEqual([]);
    expect(queued).toEqual([]);
    scene.clock.advance(5 * MINUTE);
    expect(await dispatch(deps)).toEqual(['chris']);
  });

  test('a run that a cap ended goes on at the next tick, unless it could take nothing', async () => {
    await begin('kelly');
    await end('kelly', { ...RESULT, status: 'partial', fetched: 5 });
    expect(await dispatch(deps)).toContain('kelly');
    await begin('kelly');
    await end('kelly', { ...RESULT, status: 'partial', fetched: 0 });
    expect(await dispatch(deps)).not.toContain('kelly');
  });

  test('a run that only deleted until its time was up goes on at the next tick', async () => {
    const maildrop = maildropAtStart(NO_MAILBOX_RECORD, 'account', 0);
    await begin('kelly');
    const result = { ...RESULT, status: 'partial', fetched: 0 } as const;
    await end('kelly', result, { maildrop: { ...maildrop, goesOn: true } });
    expect(await dispatch(deps)).toContain('kelly');
  });

  test('some seconds lie between the end of a run and the next by schedule', async () => {
    await begin('chris', 60 * MINUTE);
    scene.clock.advance(6 * MINUTE);
    await end('chris');
    expect(await dispatch(deps)).toEqual([]);
    scene.clock.advance(20_000);
    expect(await dispatch(deps)).toEqual(['chris']);
  });

  test('without a mailbox there is nothing to do', async () => {
    const settings = { ...(await deps.settings.read()), mailboxes: new Map() };
    expect(
      await dispatch({ ...deps, settings: { read: () => Promise.resolve(settings) } }),
    ).toEqual([]);
    expect(queued).toEqual([]);
  });

  test('a request for all names all; one for an unknown mailbox names it, and asks for none', async () => {
    const asked = await requestFetchNow(deps, []);
    expect(asked.map(({ mailbox }) => mailbox)).toEqual(['chris', 'kelly']);
    queued.length = 0;
    await expect(requestFetchNow(deps, ['chris', 'nobody'])).rejects.toMatchObject({
      kind: 'settings',
      message: expect.stringMatching(/chris, kelly.*got nobody/) as string,
    });
    expect(queued).toEqual([]);
  });
});
