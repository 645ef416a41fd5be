import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';

import type { Diagnosis } from '../../manager/doctor/diagnosis.ts';
import { readSummary } from '../support/mailferry-run.ts';
import { makeScene, onRequest, PASSWORD } from '../support/provider-and-server.ts';
import type { Configuration, Scene, SceneOptions } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { USUAL_CAPABILITIES } from '../support/scripted-pop3-server.ts';

const MAILS = {
  chris: [sampleMessage('a@x.example', 'one'), sampleMessage('a@x.example', 'two')],
  everyone: [],
};
/** A bound, not a measure. */
const SOON = { timeout: 20_000, interval: 50 };

/**
 * doctor and mailbox test by the command itself. What this does not prove: how real providers answer, but for Dovecot
 * (test/servers/doctor.test.ts).
 */
describe('mailferry doctor and mailbox test', () => {
  let scene: Scene | null = null;

  afterEach(async () => {
    await scene?.close();
    scene = null;
  });

  async function make(options: Partial<SceneOptions> = {}): Promise<Scene> {
    scene = await makeScene({ mails: MAILS, ...options });
    return scene;
  }

  async function doctor(world: Scene, words: readonly string[] = []) {
    const { status, stdout, stderr } = await world.here(['doctor', '--json', ...words]);
    expect(stdout, stderr).not.toBe('');
    expect(stdout + stderr).not.toContain(PASSWORD);
    return { status, diagnosis: JSON.parse(stdout) as Diagnosis };
  }

  const once = async (world: Scene) => readSummary(await world.here(['run', '--once', '--json']));

  const texts = ({ mailboxes, destination }: Diagnosis) =>
    [...mailboxes, ...(destination === null ? [] : [destination])]
      .flatMap((one) => one.findings)
      .map(({ severity, text }) => `${severity}: ${text}`);

  test('all well: what was seen in two sessions, how one logs in, and the destination; nothing is fetched or sent', async () => {
    const world = await make();
    const { status, diagnosis } = await doctor(world);
    expect(status).toBe(0);
    expect(diagnosis.problems).toEqual([]);
    expect(diagnosis.mailboxes[0]).toMatchObject({
      id: 'chris',
      examination: {
        server: `127.0.0.1:${world.pop3.port}`,
        greeting: 'sample maildrop ready',
        capabilities: { before: expect.arrayContaining(['SASL PLAIN', 'UIDL']) as unknown },
        authentication: { mechanism: 'PLAIN', loggedIn: true },
        uidl: { supported: true, stable: true, repeated: 0, numbers: false },
        ...{ messages: 2, pipelining: 'offered', error: null, withheld: null, tls: null },
      },
    });
    expect(diagnosis.destination?.examination).toMatchObject({
      server: `127.0.0.1:${world.smtp.port}`,
      features: expect.arrayContaining(['8BITMIME', 'SIZE 52428800']) as unknown,
      ...{ loggedIn: null, error: null },
    });
    expect(texts(diagnosis)).toEqual(
      expect.arrayContaining([
        'info: logs in by PLAIN',
        'info: its UIDLs were the same in two sessions',
        'info: whether its UIDLs stay could not be seen: there is no message',
        'info: takes messages of up to 52428800 octets',
      ]),
    );
    expect(world.pop3.logins.filter(({ user }) => user === 'chris')).toHaveLength(2);
    expect(world.pop3.commands.some((line) => /^(RETR|DELE|TOP)/.test(line))).toBe(false);
    expect(world.smtp.commands.some((line) => /^(MAIL|RCPT|DATA)/i.test(line))).toBe(false);
    expect(world.smtp.commands.at(-1)).toBe('QUIT');
    const run = await world.here(['status', '--json']);
    expect(JSON.parse(run.stdout)).toMatchObject({ mailboxes: [{ status: 'never' }, {}] });
  });

  test('for people: a page on standard error, with what to change', async () => {
    const world = await make({
      capabilities: [...USUAL_CAPABILITIES, 'IMPLEMENTATION Dovecot', 'EXPIRE 30'],
    });
    const { status, stdout, stderr } = await world.command(['doctor', 'chris']);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^mailbox chris at 127\.0\.0\.1:\d+\n {2}greeting: sample/m);
    expect(stderr).toContain('known of Dovecot:');
    expect(stderr).toContain('the server deletes messages after 30 days (EXPIRE)');
    expect(stderr).not.toContain('destination');
  });

  test('one mailbox that cannot be reached, one whose password is wrong and one broken entry hide none of the others', async () => {
    const world = await make({
      mails: { ...MAILS, kelly: [] },
      configuration: (usual) => ({
        ...usual,
        mailboxes: {
          ...usual.mailboxes,
          kelly: { ...usual.mailboxes['kelly'], username: 'nobody' },
          gone: { ...usual.mailboxes['chris'], port: 1 },
          wrong: { type: 'usr' },
        },
      }),
    });
    const { status, diagnosis } = await doctor(world);
    expect(status).toBe(2);
    const byId = new Map(diagnosis.mailboxes.map((one) => [one.id, one]));
    expect([...byId.keys()]).toEqual(['chris', 'everyone', 'kelly', 'gone']);
    expect(byId.get('chris')?.examination?.error).toBeNull();
    expect(byId.get('gone')?.findings[0]).toMatchObject({
      ...{ severity: 'error', text: expect.stringMatching(/^connect: /) as string },
      advice: expect.stringContaining('firewall') as string,
    });
    expect(byId.get('kelly')?.findings[0]).toMatchObject({
      ...{ severity: 'error', text: expect.stringMatching(/^login: /) as string },
      advice: expect.stringContaining('mailbox edit kelly --password') as string,
    });
    // A refused password is tried once, not in each of two sessions.
    expect(world.pop3.logins.filter(({ user }) => user === 'nobody')).toHaveLength(1);
    expect(diagnosis.problems.map(({ path }) => path)).toContain('mailboxes.wrong.type');
    const alone = await doctor(world, ['gone']);
    expect(alone.diagnosis.mailboxes.map(({ id }) => id)).toEqual(['gone']);
    expect(alone.diagnosis.destination).toBeNull();
  });

  test('an unknown mailbox, and a configuration that is no good at all, are wrong use', async () => {
    const world = await make();
    const unknown = await world.here(['doctor', 'nobody']);
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('got nobody')]);
    world.configure('mailboxes: [');
    expect((await world.here(['doctor'])).status).toBe(2);
    expect(world.pop3.connections).toBe(0);
  });

  test('LOGIN-DELAY: one session alone, and after it a look from outside', async () => {
    const world = await make({ capabilities: [...USUAL_CAPABILITIES, 'LOGIN-DELAY 900'] });
    const first = await doctor(world, ['chris']);
    expect(first.status).toBe(0);
    expect(texts(first.diagnosis)).toEqual(
      expect.arrayContaining([
        'warning: the server demands 900 s between two logins (LOGIN-DELAY); runs that come sooner wait',
        'info: whether its UIDLs stay could not be seen: the server wants time between two logins',
      ]),
    );
    const second = await doctor(world, ['chris']);
    expect(second.diagnosis.mailboxes[0]?.examination).toMatchObject({
      withheld: 'tooSoon',
      authentication: { mechanism: 'PLAIN', loggedIn: false },
    });
    const tested = await world.here(['mailbox', 'test', 'chris']);
    expect([tested.status, tested.stderr]).toEqual([1, expect.stringContaining('LOGIN-DELAY')]);
    expect(world.pop3.logins).toHaveLength(1);
  });

  test('a suspended mailbox is looked at from outside; mailbox test ends the suspension when it can log in', async () => {
    const world = await make({
      mails: { chris: MAILS.chris },
      faults: { refuseLogin: '[AUTH] no' },
      // The command runs in this process, whose standard error the log would fill.
      configuration: (usual) => ({ ...usual, logLevel: 'error' }),
    });
    for (let run = 0; run < 3; run += 1) {
      expect((await once(world)).summary.mailboxes[0]?.error?.kind).toBe('login');
    }
    expect((await once(world)).summary.mailboxes[0]?.error?.kind).toBe('suspended');
    const status = await world.here(['status', '--json']);
    expect(JSON.parse(status.stdout)).toMatchObject({
      mailboxes: [{ status: 'failed', error: { kind: 'suspended' }, failing: { runs: 3 } }],
    });
    const looked = await doctor(world, ['chris']);
    expect(looked.status).toBe(1);
    expect(looked.diagnosis.mailboxes[0]).toMatchObject({
      examination: { withheld: 'suspended', greeting: 'sample maildrop ready' },
      findings: [{ severity: 'error', text: expect.stringMatching(/^suspended: /) as string }, {}],
    });
    expect(world.pop3.logins).toHaveLength(3);

    expect((await world.here(['mailbox', 'test', 'chris'])).status).toBe(1);
    expect(
      (await doctor(world, ['chris', '--force'])).diagnosis.mailboxes[0]?.examination,
    ).toMatchObject({
      withheld: null,
      error: { kind: 'login' },
    });
    expect(world.pop3.logins).toHaveLength(5);
    world.pop3.setFaults({});
    const tested = await world.here(['mailbox', 'test', 'chris', '--json']);
    expect(tested.status, tested.stderr).toBe(0);
    expect(JSON.parse(tested.stdout)).toMatchObject({
      ...{ id: 'chris', status: 'ok', mechanism: 'PLAIN', messages: 2, resumed: true, error: null },
    });
    expect((await once(world)).summary.mailboxes[0]).toMatchObject({
      status: 'ok',
      fetched: 2,
    });
  });

  test('while the connector runs it looks by way of it, and its runs wait', async () => {
    const world = await make({ configuration: onRequest });
    const service = world.start(['run']);
    await expect.poll(() => service.stderr(), SOON).toContain('mailferry runs');
    const { status, diagnosis } = await doctor(world);
    expect(status).toBe(0);
    expect(diagnosis.mailboxes[0]?.examination).toMatchObject({ messages: 2, error: null });
    const tested = await world.here(['mailbox', 'test', 'chris']);
    expect([tested.status, tested.stderr]).toEqual([
      0,
      expect.stringContaining('logged in by PLAIN; 2 messages'),
    ]);
    const unknown = await world.here(['mailbox', 'test', 'nobody']);
    expect(unknown.status).toBe(2);
    service.child.kill('SIGTERM');
    expect((await service.result).status).toBe(0);
  });

  test('the destination that is down, or refuses the login, is said beside the mailboxes', async () => {
    const world = await make({
      mails: { chris: [] },
      smtp: { extensions: ['AUTH PLAIN', 'SIZE 1000'] },
    });
    const usual = world.configured as Configuration;
    const smtp = usual.delivery['smtp'] as Record<string, unknown>;
    world.configure({
      ...usual,
      delivery: { ...usual.delivery, smtp: { ...smtp, username: 'x', password: 'wrong-hush' } },
    });
    const refused = await doctor(world);
    expect(refused.status).toBe(1);
    expect(refused.diagnosis.destination?.examination).toMatchObject({ loggedIn: false });
    expect(texts(refused.diagnosis)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^error: login: /),
        expect.stringMatching(/^warning: takes messages of up to 1000 octets/),
        expect.stringMatching(/^warning: offers no 8BITMIME/),
      ]),
    );
    expect(JSON.stringify(refused.diagnosis)).not.toContain('wrong-hush');
    writeFileSync(
      join(world.folder, 'mailferry.yaml'),
      stringify({ ...usual, delivery: { smtp: { ...smtp, port: 1 } } }),
    );
    const down = await doctor(world);
    expect([down.status, texts(down.diagnosis)]).toEqual([
      1,
      expect.arrayContaining([expect.stringMatching(/^error: connect: /)]),
    ]);
  });
});
