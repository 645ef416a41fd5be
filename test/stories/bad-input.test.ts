import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, test } from 'vitest';

import { certificates } from '../support/certificates.ts';
import { filesIn } from '../support/data-folder-files.ts';
import { makeScene, mailboxFor, PASSWORD } from '../support/provider-and-server.ts';
import type { Configuration, Scene, SceneOptions } from '../support/provider-and-server.ts';
import type { Pop3Faults } from '../support/pop3-faults.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import type { ServerTls } from '../support/pop3-host.ts';

/**
 * A wrong configuration stops the command before it fetches; a bad server stops its own mailbox and no other (I7),
 * and loses nothing of it. What this does not prove: every fault a POP3 server can have (test/pop3), nor every wrong
 * setting (test/settings).
 */
describe('bad input', () => {
  let scene: Scene | null = null;
  const others: ScriptedPop3Server[] = [];

  afterEach(async () => {
    await scene?.close();
    scene = null;
    for (const server of others.splice(0)) await server.close();
  });

  async function make(options: SceneOptions): Promise<Scene> {
    scene = await makeScene(options);
    return scene;
  }

  async function badServer(
    user: string,
    { faults, tls }: { readonly faults?: Pop3Faults; readonly tls?: ServerTls },
  ): Promise<ScriptedPop3Server> {
    const mails = [sampleMessage('x@corp.example', `${user}-1`), longMessage(user)];
    const server = await startPop3Server({
      users: { [user]: { password: PASSWORD, mails } },
      ...(faults === undefined ? {} : { faults }),
      ...(tls === undefined ? {} : { tls }),
    });
    others.push(server);
    return server;
  }

  test('a wrong configuration: every error at once, status 2, nothing fetched', async () => {
    const { command, pop3, data } = await make({
      mails: { chris: [sampleMessage('chris@provider.example', 'one')], kelly: [] },
      configuration: (usual) => ({
        ...usual,
        domans: ['corp.example'],
        mailboxes: {
          chris: { ...usual.mailboxes['chris'], prot: 1110, deliverTo: 'not an address' },
          kelly: { ...usual.mailboxes['kelly'], password: { secret: 'missing' } },
        },
      }),
    });
    const { status, stdout, stderr } = await command(['run', '--once', '--json']);
    expect(status).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ error: { kind: 'usage' } });
    expect(stderr).toMatch(/^domans: .*did you mean "domains"/m);
    expect(stderr).toMatch(/^mailboxes\.chris\.prot: .*did you mean "port"/m);
    expect(stderr).toMatch(/^mailboxes\.chris\.deliverTo.*: expected .*got "not an address"/m);
    expect(stderr).toMatch(/^mailboxes\.kelly\.password.*: expected .*secret "missing" not found/m);
    expect(pop3.connections).toBe(0);
    expect(filesIn(data, 'Incoming')).toEqual([]);
  });

  test('bad servers beside a sound one: each is reported, nothing half-fetched, nothing lost', async () => {
    const down = await badServer('down', {});
    await down.close();
    others.pop();
    const refusing = await badServer('refusing', {
      faults: { refuseLogin: '[AUTH] no', echoPassword: true },
    });
    const wrongName = await badServer('wrongname', {
      tls: { ...certificates.wrongName, implicit: true },
    });
    const breaking = await badServer('breaking', {
      faults: { breakOff: { message: 2, octets: 5000, how: 'close' } },
    });
    const bad = { down, refusing, wrongname: wrongName, breaking };
    const sound = sampleMessage('chris@provider.example', 'sound');
    const { runOnce, pop3, smtp, data } = await make({
      mails: { chris: [sound] },
      configuration: (usual) => withServers(usual, bad),
    });
    const { status, summary, stderr } = await runOnce();

    expect(status).toBe(1);
    const ends = Object.fromEntries(
      summary.mailboxes.map(({ id, status: end, error }) => [id, [end, error?.kind]]),
    );
    expect(ends).toEqual({
      chris: ['ok', undefined],
      down: ['failed', 'connect'],
      refusing: ['failed', 'login'],
      wrongname: ['failed', 'tls'],
      breaking: ['failed', 'connect'],
    });
    const wrong = summary.mailboxes.find(({ id }) => id === 'wrongname');
    expect(wrong?.error?.message).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
    expect(JSON.stringify(summary) + stderr).not.toContain(PASSWORD);
    // Whole mail is kept, whatever came of the session; half a message never is.
    expect(smtp.received.map(({ recipients }) => recipients).sort()).toEqual([
      ['breaking@corp.example'],
      ['chris@corp.example'],
    ]);
    expect(smtp.received.some(({ data: octets }) => octets.includes('Subject: breaking-2'))).toBe(
      false,
    );
    expect(pop3.mails('chris')).toEqual([]);
    for (const [user, server] of Object.entries(bad)) {
      expect(server.mails(user), user).toHaveLength(2);
      expect(server.deletedBy(user), user).toEqual([]);
    }
    expect(filesIn(data, 'Incoming')).toEqual([]);
    expect(filesIn(data, 'Failed')).toEqual([]);
  });

  test('a mail server whose login is refused holds nothing back but the mail itself, and no password is told', async () => {
    const { runOnce, data } = await make({
      mails: { chris: [sampleMessage('chris@provider.example', 'one')] },
      smtp: {
        auth: { username: 'connector', password: 'another' },
        replies: (stage) => (stage === 'auth' ? `535 5.7.8 not "${PASSWORD}"` : undefined),
      },
      configuration: (usual) => ({
        ...usual,
        delivery: {
          ...usual.delivery,
          smtp: {
            ...(usual.delivery['smtp'] as object),
            username: 'connector',
            password: { secret: 'provider' },
          },
        },
      }),
    });
    const { status, summary, stderr } = await runOnce();
    expect(status).toBe(1);
    expect(summary.messages).toMatchObject({ fetched: 1, deferred: 1 });
    expect(JSON.stringify(summary) + stderr).not.toContain(PASSWORD);
    expect(stderr).toContain('5.7.8');
    expect(filesIn(data, 'Incoming')).toHaveLength(1);
  });
});

/** Trusted, so that nothing but the name is wrong. */
const AUTHORITY = fileURLToPath(new URL('../support/certificates/authority.pem', import.meta.url));

function withServers(
  usual: Configuration,
  servers: Readonly<Record<string, ScriptedPop3Server>>,
): unknown {
  const mailboxes = Object.entries(servers).map(([name, { port }]) => [
    name,
    {
      ...mailboxFor(name, port),
      ...(name === 'wrongname' ? { tls: 'implicit', ca: AUTHORITY } : {}),
    },
  ]);
  const bad: unknown = Object.fromEntries(mailboxes);
  return { ...usual, mailboxes: { ...usual.mailboxes, ...(bad as Configuration['mailboxes']) } };
}

function longMessage(user: string): Buffer {
  return sampleMessage('x@corp.example', `${user}-2`, { body: 'long\r\n'.repeat(3000) });
}
