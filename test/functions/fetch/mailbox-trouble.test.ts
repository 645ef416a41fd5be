import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { isWell, status } from '../../../functions/api/status.ts';
import { fetchMailbox } from '../../../functions/fetch/fetch-mailbox.ts';
import type { FetchDeps } from '../../../functions/fetch/fetch-mailbox.ts';
import type { Embedded } from '../../../infra/local/embedded.ts';
import type { MailboxLedger } from '../../../shared/ledger/ledger.ts';
import { NOTICES } from '../../../shared/mail/message-key.ts';
import { makeEmbeddedScene } from '../../support/embedded-scene.ts';
import type { EmbeddedScene } from '../../support/embedded-scene.ts';
import { PASSWORD } from '../../support/provider-and-server.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { sampleMessage } from '../../support/sample-message.ts';
import { USUAL_CAPABILITIES } from '../../support/scripted-pop3-server.ts';

const BOUNDS = { closing: new AbortController().signal, deadline: null };
const MINUTE = 60_000;

describe('a mailbox in trouble', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let deps: FetchDeps;

  beforeEach(async () => {
    await open([...USUAL_CAPABILITIES]);
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  async function open(capabilities: readonly string[]): Promise<void> {
    scene = await makeEmbeddedScene({ mails: { chris: [] }, capabilities });
    embedded = await scene.open();
    ({ deps } = embedded);
  }

  async function run(how: Partial<FetchDeps> = {}) {
    scene.clock.advance(MINUTE);
    const { result } = await fetchMailbox({ ...deps, ...how }, 'chris', BOUNDS);
    return result;
  }

  async function runTimes(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) await run();
  }

  /** Subjects of the notices on their way, oldest first. */
  async function notices(): Promise<string[]> {
    const found: { at: number; subject: string }[] = [];
    for await (const { key } of deps.store.list('Incoming')) {
      if (key.mailbox !== NOTICES) continue;
      const opened = await deps.store.open(key);
      const chunks: Buffer[] = [];
      for await (const chunk of opened?.content ?? []) chunks.push(chunk as Buffer);
      const [, subject = ''] =
        /^Subject: (.*?)\r\n(?! )/ms.exec(String(Buffer.concat(chunks))) ?? [];
      expect(opened?.metadata.recipient).toBe('admin@corp.example');
      found.push({ at: opened?.metadata.arrivedAt ?? 0, subject: subject.replaceAll('\r\n', '') });
    }
    return found.toSorted((one, other) => one.at - other.at).map(({ subject }) => subject);
  }

  const trouble = async () => (await deps.mailboxes.read('chris'))?.trouble ?? null;

  test('a password that is refused three times is not tried again, until it is another one', async () => {
    scene.pop3.setFaults({ refuseLogin: '[AUTH] no' });
    await runTimes(3);
    expect(scene.pop3.logins).toHaveLength(3);
    expect(await notices()).toEqual(['Mailbox chris is suspended: its password is refused']);

    const suspended = await run();
    expect(suspended).toMatchObject({ status: 'failed', error: { kind: 'suspended' } });
    expect(suspended.error?.message).toMatch(/\[AUTH\] no.*mailbox edit chris --password/s);
    await runTimes(3);
    expect(scene.pop3.connections).toBe(3);
    expect(await trouble()).toMatchObject({ failures: 3, refused: { times: 3 } });

    // Another secret, still a wrong one: three more attempts, and told again.
    const secrets = { read: () => Promise.resolve('another') };
    for (let at = 0; at < 5; at += 1) await run({ secrets });
    expect(scene.pop3.connections).toBe(6);
    expect(await notices()).toHaveLength(2);

    scene.pop3.setFaults({});
    expect(await run()).toMatchObject({ status: 'ok', error: null });
    expect(await trouble()).toBeNull();
    expect((await notices()).at(-1)).toBe('Mailbox chris is fetched again');
  });

  test('another setting ends a suspension as well', async () => {
    scene.pop3.setFaults({ refuseLogin: '[AUTH] no' });
    await runTimes(3);
    scene.pop3.setFaults({});
    const settings = await deps.settings.read();
    const chris = settings.mailboxes.get('chris');
    if (chris === undefined) throw new Error('expected the mailbox chris');
    const mailboxes = new Map([['chris', { ...chris, auth: 'user' as const }]]);
    const changed = { read: () => Promise.resolve({ ...settings, mailboxes }) };
    expect(await run({ settings: changed })).toMatchObject({ status: 'ok' });
  });

  test.each([
    ['in use', { refuseLogin: '[IN-USE] locked by another session' }],
    ['a fault of the server', { refuseLogin: '[SYS/TEMP] try later' }],
    ['a fault of the server that lasts', { refuseLogin: '[SYS/PERM] no such partition' }],
    ['no greeting', { refuseGreeting: 'busy' }],
    ['a session that is cut', { endlessLine: 'LIST' }],
  ])('%s never suspends', async (_what, faults) => {
    scene.pop3.setFaults(faults);
    await runTimes(8);
    expect(scene.pop3.connections).toBe(8);
    expect(await trouble()).toMatchObject({ failures: 8, refused: null });
    expect((await notices()).length).toBeLessThanOrEqual(1);
  });

  test('what was refused is remembered by a keyed digest: neither secret nor its plain digest lies there', async () => {
    scene.pop3.setFaults({ refuseLogin: '[AUTH] no', echoPassword: true });
    await runTimes(3);
    const key = readFileSync(join(scene.data, 'loop.key'), 'utf8').trim();
    const credentials = (await trouble())?.refused?.credentials;
    expect(credentials).toMatch(/^[\w-]{43}$/);
    const record = JSON.stringify(await deps.mailboxes.read('chris'));
    expect(record).not.toContain(PASSWORD);
    expect(record).not.toContain(key);
    const otherKey = { credentialsKey: () => Promise.resolve(Buffer.alloc(32, 7)) };
    expect((await run(otherKey)).error?.kind).toBe('login');
    expect((await trouble())?.refused?.credentials).not.toBe(credentials);
  });

  test('without the key a refused password backs off, and suspends nothing', async () => {
    scene.pop3.setFaults({ refuseLogin: '[AUTH] no' });
    const credentialsKey = () => Promise.reject(new Error('no key'));
    for (let at = 0; at < 4; at += 1) await run({ credentialsKey });
    expect(await trouble()).toMatchObject({ failures: 4, refused: null });
  });

  test('it is told once that it fails, and once that it is well, however often it is asked', async () => {
    scene.pop3.setFaults({ refuseGreeting: 'down' });
    await runTimes(2);
    expect(await notices()).toEqual([]);
    await runTimes(9);
    expect(await notices()).toEqual(['Mailbox chris cannot be fetched']);
    scene.pop3.setFaults({});
    await runTimes(3);
    expect(await notices()).toEqual([
      'Mailbox chris cannot be fetched',
      'Mailbox chris is fetched again',
    ]);
  });

  test('the alarm topic is told once each way, also where no notice goes', async () => {
    const told: string[] = [];
    const alarms = {
      tell: ({ subject, text }: { subject: string; text: string }) => {
        told.push(subject);
        expect(text).not.toContain(PASSWORD);
        return Promise.resolve();
      },
    };
    const settings = await deps.settings.read();
    const general = { ...settings.general, undeliverable: null };
    const nobody = { read: () => Promise.resolve({ ...settings, general }) };
    scene.pop3.setFaults({ refuseGreeting: 'down' });
    for (let at = 0; at < 6; at += 1) await run({ alarms, settings: nobody });
    expect(told).toEqual(['Mailbox chris cannot be fetched']);
    scene.pop3.setFaults({});
    for (let at = 0; at < 3; at += 1) await run({ alarms, settings: nobody });
    expect(told).toEqual(['Mailbox chris cannot be fetched', 'Mailbox chris is fetched again']);
  });

  test('a topic that cannot be told is told by the next run, and the notice stays one', async () => {
    scene.pop3.setFaults({ refuseGreeting: 'down' });
    await runTimes(2);
    const refuse = { tell: () => Promise.reject(new Error('throttled')) };
    await run({ alarms: refuse });
    expect(await deps.mailboxes.read('chris')).toMatchObject({ news: [{}], lease: null });
    const told: string[] = [];
    const alarms = {
      tell: ({ subject }: { subject: string }) => Promise.resolve(void told.push(subject)),
    };
    await run({ alarms });
    await run({ alarms });
    expect(told).toEqual(['Mailbox chris cannot be fetched']);
    expect(await notices()).toEqual(['Mailbox chris cannot be fetched']);
  });

  test('a mailbox that falls silent is told of once, and once when mail comes again', async () => {
    const told: string[] = [];
    const alarms = {
      tell: ({ subject }: { subject: string }) => Promise.resolve(void told.push(subject)),
    };
    const mailAfter = async (minutes: number) => {
      scene.clock.advance(minutes * MINUTE);
      scene.pop3.addMail('chris', sampleMessage('chris@corp.example', String(scene.clock.now())));
      return run({ alarms });
    };
    const DAY = 24 * 60;
    for (let day = 0; day < 15; day += 1) await mailAfter(DAY);
    // A weekend and more is nothing; runs go on all the time.
    for (let day = 0; day < 2; day += 1) {
      scene.clock.advance(DAY * MINUTE);
      await run({ alarms });
    }
    expect(told).toEqual([]);
    for (let day = 0; day < 5; day += 1) {
      scene.clock.advance(DAY * MINUTE);
      expect(await run({ alarms })).toMatchObject({ status: 'ok' });
    }
    expect(told).toEqual(['Mailbox chris is silent: no mail has come for unusually long']);
    const report = await status(embedded.deps);
    expect(report.mailboxes).toMatchObject([{ id: 'chris', status: 'ok' }]);
    expect(report.mailboxes[0]?.silentSince).toBe(report.mailboxes[0]?.lastMail);
    expect(isWell({ ...report, open: 0, failed: 0 })).toBe(false);
    await mailAfter(DAY);
    await mailAfter(DAY);
    expect(told.slice(1)).toEqual(['Mailbox chris has mail again']);
    expect((await notices()).toSorted()).toEqual(told.toSorted());
    expect((await status(embedded.deps)).mailboxes[0]?.silentSince).toBeNull();
  });

  test('where nobody is named to be told, the log says it', async () => {
    const log = recordingLog();
    const settings = await deps.settings.read();
    const general = { ...settings.general, undeliverable: null };
    const silent = { read: () => Promise.resolve({ ...settings, general }) };
    scene.pop3.setFaults({ refuseGreeting: 'down' });
    for (let at = 0; at < 5; at += 1) await run({ settings: silent, log });
    expect(log.events('error')).toEqual(['mailbox failing']);
    expect(await notices()).toEqual([]);
    expect((await deps.mailboxes.read('chris'))?.news).toEqual([]);
  });

  test('a crash before or after the notice was posted neither loses nor doubles it', async () => {
    scene.pop3.setFaults({ refuseGreeting: 'down' });
    await runTimes(2);
    for (const at of ['before', 'after'] as const) {
      await expect(run(dyingAround(at))).rejects.toThrow('killed');
      const record = await deps.mailboxes.read('chris');
      expect(record?.news).toHaveLength(1);
      // It has not ended: when its lease is gone, it is made good like any run that died.
      expect(record?.lastStartedAt).toBeGreaterThan(record?.lastEndedAt ?? 0);
      scene.clock.advance(2 * MINUTE);
    }
    await runTimes(2);
    expect(await notices()).toEqual(['Mailbox chris cannot be fetched']);
    expect(await deps.mailboxes.read('chris')).toMatchObject({ news: [], lease: null });
  });

  /** The process dies when it comes to write the notice, or right behind it. */
  function dyingAround(when: 'before' | 'after'): Partial<FetchDeps> {
    const killed = () => Promise.reject(new Error('killed'));
    const mailboxes: MailboxLedger = {
      read: (id) => deps.mailboxes.read(id),
      change: async (id, transition) => {
        const record = await deps.mailboxes.read(id);
        if (record !== null && record.news.length > 0 && record.lease !== null) return killed();
        return deps.mailboxes.change(id, transition);
      },
    };
    if (when === 'after') return { mailboxes };
    // What is not written at all: the store is gone with the process.
    return { mailboxes, newSpool: () => ({ ...deps.newSpool(), write: killed }) };
  }

  test('a notice that the store cannot take comes with the next run', async () => {
    scene.pop3.setFaults({ refuseGreeting: 'down' });
    await runTimes(2);
    const full = { ...deps.newSpool(), write: () => Promise.reject(new Error('disk full')) };
    expect(await run({ newSpool: () => full })).toMatchObject({ status: 'failed' });
    expect(await deps.mailboxes.read('chris')).toMatchObject({ news: [{}], lease: null });
    scene.pop3.setFaults({});
    await run();
    expect(await notices()).toEqual([
      'Mailbox chris cannot be fetched',
      'Mailbox chris is fetched again',
    ]);
  });

  test('[LOGIN-DELAY] is waited for, by single runs too, and is no failure of the password', async () => {
    scene.pop3.setFaults({ refuseLogin: '[LOGIN-DELAY] 15 minutes, please' });
    expect(await run()).toMatchObject({ status: 'failed', error: { kind: 'login' } });
    scene.pop3.setFaults({});
    const early = await run();
    expect(early).toMatchObject({ status: 'failed', error: { kind: 'login' } });
    const allowed = new Date(scene.clock.now() + 4 * MINUTE).toISOString();
    expect(early.error?.message).toContain(`takes no login before ${allowed} (LOGIN-DELAY)`);
    expect(scene.pop3.connections).toBe(1);
    expect(await trouble()).toMatchObject({ failures: 1, refused: null });
    scene.clock.advance(3 * MINUTE);
    expect(await run()).toMatchObject({ status: 'ok' });
  });

  test('what CAPA demands between two logins holds from the first login on', async () => {
    await embedded.close();
    await scene.close();
    await open([...USUAL_CAPABILITIES, 'LOGIN-DELAY 900']);
    expect(await run()).toMatchObject({ status: 'ok' });
    const first = await deps.mailboxes.read('chris');
    scene.clock.advance(13 * MINUTE);
    expect(await run()).toMatchObject({ status: 'failed', error: { kind: 'login' } });
    // Nothing of it is remembered: the mailbox is due as it was.
    expect(await deps.mailboxes.read('chris')).toEqual(first);
    expect(await run()).toMatchObject({ status: 'ok' });
    expect(scene.pop3.logins).toHaveLength(2);
  });
});
