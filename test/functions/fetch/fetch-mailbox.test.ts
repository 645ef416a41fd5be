import { readdirSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { fetchMailbox } from '../../../functions/fetch/fetch-mailbox.ts';
import type { FetchDeps } from '../../../functions/fetch/fetch-mailbox.ts';
import type { Embedded, EmbeddedDeps } from '../../../infra/local/embedded.ts';
import { Failure } from '../../../shared/failure.ts';
import { beginRun } from '../../../shared/ledger/mailbox-transitions.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { sampleMessage } from '../../support/sample-message.ts';

const BOUNDS = { closing: new AbortController().signal, deadline: null };
/** Above what a spool keeps in memory, so that a file is at stake. */
const LARGE = 9 * 1024 * 1024;

describe('fetchMailbox', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let deps: EmbeddedDeps;

  beforeEach(async () => {
    const large = (subject: string) =>
      sampleMessage('x@provider.example', subject, { body: 'x\r\n'.repeat(LARGE / 3) });
    scene = await makeEmbeddedScene({
      mails: { chris: [large('one'), sampleMessage('x@provider.example', 'two')], kelly: [] },
    });
    embedded = await scene.open();
    ({ deps } = embedded);
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  test('a mailbox whose lease somebody has is busy, and no connection is made', async () => {
    const now = scene.clock.now();
    await deps.mailboxes.change('chris', beginRun({ owner: 'other', now, until: now + 1 }));
    const { result, taken } = await fetchMailbox(deps, 'chris', BOUNDS);
    expect(result).toMatchObject({ status: 'busy', fetched: 0, error: null });
    expect(taken).toEqual([]);
    expect(scene.pop3.connections).toBe(0);
  });

  test.each([
    ['is not in the configuration', 'nobody', 'mailbox nobody: not in the configuration'],
    ['is misconfigured', 'wrong', 'mailbox wrong is misconfigured: mailboxes.wrong.port'],
  ])('a mailbox that %s fails by its settings, recorded for status', async (_what, id, said) => {
    const settings = await deps.settings.read();
    const problem = {
      path: 'mailboxes.wrong.port',
      ...{ expected: 'a port', got: '"x"', severity: 'error' as const },
    };
    const broken = { ...settings, broken: new Map([['wrong', [problem]]]) };
    const { result } = await fetchMailbox(
      { ...deps, settings: { read: () => Promise.resolve(broken) } },
      id,
      BOUNDS,
    );
    expect(result).toMatchObject({ status: 'failed', error: { kind: 'settings' } });
    expect(result.error?.message).toContain(said);
    expect((await deps.mailboxes.read(id))?.lastRun).toEqual(result);
  });

  test('a secret that cannot be read fails that mailbox before anything is connected to', async () => {
    const secrets = {
      read: () => Promise.reject(new Failure('secret', 'permanent', 'secret "x" not found')),
    };
    const { result } = await fetchMailbox({ ...deps, secrets }, 'chris', BOUNDS);
    expect(result).toMatchObject({ status: 'failed', error: { kind: 'secret' } });
    expect(scene.pop3.connections).toBe(0);
  });

  test('a store that cannot take mail: nothing is deleted, nothing of it fills the disk', async () => {
    const full = () => Promise.reject(new Failure('store', 'temporary', 'no space left'));
    const { store } = deps;
    const failing: FetchDeps = {
      ...deps,
      store: {
        create: full,
        open: (...words) => store.open(...words),
        park: (...words) => store.park(...words),
        find: (key) => store.find(key),
        report: (key) => store.report(key),
        listReports: () => store.listReports(),
        remove: (...words) => store.remove(...words),
        list: (area) => store.list(area),
      },
    };
    const { result } = await fetchMailbox(failing, 'chris', BOUNDS);
    expect(result).toMatchObject({
      ...{ status: 'failed', fetched: 0, left: 2 },
      error: { kind: 'store', message: 'no space left' },
    });
    expect(scene.pop3.mails('chris')).toHaveLength(2);
    expect(scene.pop3.commands).not.toContain('QUIT');
    expect(readdirSync(embedded.folder.spool)).toEqual([]);

    const again = await fetchMailbox(deps, 'chris', BOUNDS);
    expect(again.result).toMatchObject({ status: 'ok', fetched: 2, left: 0 });
    expect(scene.pop3.mails('chris')).toEqual([]);
  });

  test('without UIDL the message itself is recorded before DELE (I1)', async () => {
    scene.pop3.setFaults({ noUidl: true });
    const { taken } = await fetchMailbox(deps, 'chris', BOUNDS);
    expect(scene.pop3.mails('chris')).toEqual([]);
    const items = await deps.messages.find(taken.map(({ key }) => key));
    expect(items.size).toBe(2);
  });

  test('a run whose lease was taken from it records nothing over the new owner’s', async () => {
    const thief: FetchDeps = {
      ...deps,
      opener: {
        open: async (...words) => {
          await deps.mailboxes.change('kelly', (record) => ({
            store:
              record === null ? null : { ...record, lease: { owner: 'other', until: Infinity } },
            answer: null,
          }));
          return deps.opener.open(...words);
        },
      },
    };
    await fetchMailbox(thief, 'kelly', BOUNDS);
    expect(await deps.mailboxes.read('kelly')).toMatchObject({
      lease: { owner: 'other' },
      lastRun: null,
    });
  });
});
