import { afterEach, describe, expect, test } from 'vitest';

import { isWell } from '../../../functions/api/run-summary.ts';
import { openEmbedded } from '../../../infra/local/embedded.ts';
import type { Embedded } from '../../../infra/local/embedded.ts';
import { Service } from '../../../infra/local/service.ts';
import { fetchOnce } from '../../../manager/deployment/fetch-once.ts';
import type { FetchedOnce } from '../../../manager/deployment/fetch-once.ts';
import type { UidlLedger } from '../../../shared/ledger/ledger.ts';
import type { TakenMailSource } from '../../../shared/ledger/taken-mail.ts';
import type { UidlRecord } from '../../../shared/ledger/uidl-record.ts';
import { formatKey } from '../../../shared/mail/message-key.ts';
import { silentLog } from '../../../shared/observe/pino-log.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import { makeSurroundings, PASSWORD } from '../../support/provider-and-server.ts';
import type {
  Configuration,
  SceneOptions,
  Surroundings,
} from '../../support/provider-and-server.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { settingsOf } from '../../support/sample-settings.ts';
import type { SmtpServerOptions } from '../../support/smtp-script.ts';

const LOOK_EVERY_MS = 20;

/** Refuses `gone@` for good and puts `busy@` off. */
const SERVER: SmtpServerOptions = {
  replies: (stage, { address }) => {
    if (stage !== 'rcpt') return undefined;
    if (address.startsWith('gone@')) return '550 5.1.1 no such user here';
    return address.startsWith('busy@') ? '451 4.2.1 mailbox busy' : undefined;
  },
};

const MAILS = {
  chris: [sampleMessage('chris@provider.example', 'one')],
  everyone: [
    sampleMessage('kelly@corp.example', 'two'),
    sampleMessage('gone@corp.example', 'three'),
    sampleMessage('busy@corp.example', 'four'),
    sampleMessage('bob@other.example', 'five'),
    // The very same bytes under another UIDL.
    sampleMessage('kelly@corp.example', 'two'),
  ],
};

/** UIDL records that tell afterwards what a run took, as the adapter for DynamoDB reads them. */
function remembering(uidls: UidlLedger): { uidls: UidlLedger; takenMail: TakenMailSource } {
  const records: { readonly mailbox: string; readonly record: UidlRecord }[] = [];
  return {
    uidls: {
      find: (account, hashes) => uidls.find(account, hashes),
      all: (account) => uidls.all(account),
      record: async (account, added) => {
        await uidls.record(account, added);
        records.push(...added.map((record) => ({ mailbox: account.mailbox, record })));
      },
    },
    takenMail: {
      takenIn: ({ mailbox }, { startedAt, endedAt }) => {
        const taken = records
          .filter((one) => one.mailbox === mailbox)
          .filter(({ record }) => record.seenAt >= startedAt && record.seenAt <= endedAt);
        const sha256s = taken.map(({ record: { state } }) =>
          state.kind === 'taken' ? [state.sha256] : [],
        );
        return Promise.resolve(sha256s.flat());
      },
    },
  };
}

/**
 * A single run that is asked for and followed from outside, against a connector that runs by itself: the embedded
 * host stands for the functions, since both work on the same ports. What this does not prove: anything about AWS
 * (test/aws/deployed.test.ts).
 */
describe('run --once on a deployment', () => {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  interface Running {
    readonly surroundings: Surroundings;
    readonly embedded: Embedded;
    readonly takenMail: TakenMailSource;
    readonly once: (ids?: readonly string[]) => Promise<FetchedOnce>;
  }

  async function startService(options: SceneOptions): Promise<Running> {
    const surroundings = await makeSurroundings(options);
    closing.push(() => surroundings.close());
    const settings = settingsOf(surroundings.configured);
    const opened = await openEmbedded({
      folder: surroundings.folder,
      settingsFrom: () => ({ read: () => Promise.resolve(settings) }),
      secrets: { read: () => Promise.resolve(PASSWORD) },
      log: silentLog,
    });
    const { uidls, takenMail } = remembering(opened.deps.uidls);
    const embedded = { ...opened, deps: { ...opened.deps, uidls } };
    const stop = new AbortController();
    const running = new Service(embedded, { onSettings: () => undefined }).run(stop.signal);
    closing.push(async () => {
      stop.abort();
      await running;
      await opened.close();
    });
    const never = new AbortController().signal;
    const once: Running['once'] = (ids = []) =>
      fetchOnce({ ...embedded.deps, takenMail }, ids, never, LOOK_EVERY_MS);
    return { surroundings, embedded, takenMail, once };
  }

  async function lyingOpen({ deps }: Embedded): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const { key } of deps.store.list('Incoming')) names.push(formatKey(key));
    return names;
  }

  /** Nothing is fetched before it is asked for. */
  const onRequest = (usual: Configuration): unknown => ({
    ...usual,
    mailboxes: Object.fromEntries(
      Object.entries(usual.mailboxes).map(([id, one]) => [id, { ...one, schedule: 'never' }]),
    ),
  });

  test('counts as the embedded host counts the same mail', async () => {
    const scene = await makeEmbeddedScene({ mails: MAILS, smtp: SERVER });
    closing.push(() => scene.close());
    const local = await scene.runOnce();
    const { once } = await startService({ mails: MAILS, smtp: SERVER, configuration: onRequest });
    const { summary, untraced } = await once();
    expect(local.messages).toEqual({
      ...{ fetched: 6, carried: 0, deferred: 1, failed: 1, held: 0 },
      ...{ undeliverable: 1, delivered: 2, duplicate: 1 },
    });
    expect(summary).toEqual(local);
    expect(untraced.size).toBe(0);
  });

  test('what an earlier run left waiting is carried, and what the mailbox had already is a duplicate', async () => {
    const { once, surroundings, embedded } = await startService({
      mails: { everyone: [MAILS.everyone[3] ?? Buffer.alloc(0), ...MAILS.everyone.slice(0, 3)] },
      smtp: SERVER,
      configuration: onRequest,
    });
    const first = await once();
    expect(first.summary.messages).toMatchObject({ fetched: 4, carried: 0, deferred: 1 });
    // The notice about the refused one is a message too, and would be carried where the service is still at it.
    await expect.poll(() => lyingOpen(embedded)).toEqual([expect.stringMatching(/^everyone\//)]);
    surroundings.pop3.addMail('everyone', sampleMessage('kelly@corp.example', 'two'));
    const second = await once();
    expect(second.summary.messages).toEqual({
      ...{ fetched: 1, carried: 1, deferred: 1, failed: 0, held: 0 },
      ...{ undeliverable: 0, delivered: 0, duplicate: 1 },
    });
    expect(isWell(second.summary)).toBe(false);
  });

  test('when all is well it ends only after the mail has left Incoming/', async () => {
    const { once, embedded } = await startService({
      mails: { chris: MAILS.chris },
      configuration: onRequest,
    });
    const { summary, untraced } = await once();
    expect(isWell(summary)).toBe(true);
    expect(summary.messages).toMatchObject({ fetched: 1, delivered: 1 });
    expect(untraced.size).toBe(0);
    expect(await lyingOpen(embedded)).toEqual([]);
  });

  test('only the mailboxes that are named, and one that cannot be reached says why', async () => {
    const { once, surroundings } = await startService({ mails: MAILS, configuration: onRequest });
    await surroundings.pop3.close();
    const { summary } = await once(['chris']);
    expect(summary.mailboxes).toMatchObject([
      { id: 'chris', status: 'failed', fetched: 0, error: { kind: 'connect' } },
    ]);
    await expect(once(['nobody'])).rejects.toMatchObject({ kind: 'settings' });
  });

  test('what a server without UIDL gave is counted with its mailbox, and said', async () => {
    const { once } = await startService({
      mails: { chris: MAILS.chris },
      faults: { noUidl: true },
      configuration: onRequest,
    });
    const { summary, untraced } = await once();
    expect(summary.mailboxes).toMatchObject([{ id: 'chris', status: 'ok', fetched: 1 }]);
    expect(untraced).toEqual(new Map([['chris', 1]]));
  });

  test('a signal ends the following, and what is not settled counts as deferred', async () => {
    const { embedded, takenMail } = await startService({ mails: {}, configuration: onRequest });
    const aborted = AbortSignal.abort();
    const settings = settingsOf((await makeConfigured()).configured);
    const deps = {
      ...embedded.deps,
      takenMail,
      // Jobs go nowhere: no run will ever answer.
      fetchQueue: { send: () => Promise.resolve() },
      settings: { read: () => Promise.resolve(settings) },
    };
    const { summary } = await fetchOnce(deps, [], aborted, LOOK_EVERY_MS);
    expect(summary.mailboxes).toMatchObject([
      { id: 'chris', status: 'failed', error: { kind: 'timeout' } },
    ]);
  });

  async function makeConfigured(): Promise<Surroundings> {
    const surroundings = await makeSurroundings({ mails: MAILS, configuration: onlyChris });
    closing.push(() => surroundings.close());
    return surroundings;
  }

  const onlyChris = (usual: Configuration): unknown => ({
    ...usual,
    mailboxes: { chris: usual.mailboxes['chris'] },
  });
});
