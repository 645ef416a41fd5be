import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Diagnosis, MailboxDiagnosis } from '../../manager/doctor/diagnosis.ts';
import { commandHere } from '../support/command-here.ts';
import { startDovecot, type Dovecot } from '../support/dovecot.ts';
import { install, type Installation } from '../support/mailferry-run.ts';
import { startPostfix, type Postfix } from '../support/postfix.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { makeScratchFolder, type ScratchFolder } from '../support/scratch-folder.ts';

const PASSWORD = 'hush-7c1f9b';

/** What this does not prove: how the big providers answer; what is known of them is a table. */
describe('mailferry doctor with a real Dovecot and a real Postfix', () => {
  let dovecot: Dovecot;
  let postfix: Postfix;
  let scratch: ScratchFolder;
  let installed: Installation;

  beforeAll(async () => {
    const mails = [sampleMessage('a@x.example', 'one'), sampleMessage('a@x.example', 'two')];
    dovecot = await startDovecot({
      users: { chris: { password: PASSWORD, mails }, empty: { password: PASSWORD, mails: [] } },
      mechanisms: 'plain login scram-sha-256',
    });
    postfix = await startPostfix({ domains: ['corp.example'], tls: true });
    scratch = makeScratchFolder('doctor');
    const common = { type: 'user', host: 'localhost', deliverTo: ['chris@corp.example'] };
    const login = { username: 'chris', password: { secret: 'provider' } };
    const implicit = { ...common, ...login, port: dovecot.tlsPort };
    installed = install(
      scratch.path,
      {
        domains: ['corp.example'],
        delivery: {
          smtp: { host: 'localhost', port: postfix.port, tls: 'starttls', ca: postfix.caFile },
        },
        mailboxes: {
          secure: { ...implicit, ca: dovecot.caFile },
          upgraded: {
            ...{ ...common, ...login, username: 'empty', port: dovecot.port, tls: 'starttls' },
            ca: dovecot.caFile,
          },
          strange: implicit,
          wrong: { ...implicit, ca: dovecot.caFile, password: { secret: 'wrong' } },
        },
      },
      { provider: PASSWORD, wrong: 'wrong-hush' },
    );
  });

  afterAll(async () => {
    scratch.remove();
    await postfix.stop();
    await dovecot.stop();
  });

  async function doctor(words: readonly string[]) {
    const result = await commandHere(['doctor', '--json', ...words, ...installed.common]);
    expect(result.stdout + result.stderr).not.toContain('hush');
    return { status: result.status, diagnosis: JSON.parse(result.stdout) as Diagnosis };
  }

  const lines = (findings: MailboxDiagnosis['findings']) =>
    findings.map(({ severity, text }) => `${severity}: ${text}`);

  it('names mechanism, certificate, UIDLs and what is known of Dovecot, over TLS either way', async () => {
    const { status, diagnosis } = await doctor(['secure', 'upgraded']);
    expect(status).toBe(0);
    const [secure, upgraded] = diagnosis.mailboxes;
    expect(secure?.examination).toMatchObject({
      greeting: expect.stringContaining('Dovecot') as string,
      tls: { version: 'TLSv1.3', verified: true, validTo: expect.any(String) as string },
      capabilities: { before: expect.arrayContaining(['TOP', 'UIDL', 'PIPELINING']) as unknown },
      authentication: { mechanism: 'SCRAM-SHA-256', obstacle: null, loggedIn: true },
      uidl: { supported: true, stable: true, repeated: 0 },
      ...{ messages: 2, pipelining: 'offered', loginDelaySeconds: null, error: null },
    });
    expect(secure?.examination?.bytes).toBeGreaterThan(0);
    expect(lines(secure?.findings ?? [])).toContain(
      'info: its UIDLs were the same in two sessions',
    );
    expect(secure?.quirks.map(({ provider }) => provider)).toEqual(['Dovecot']);
    expect(upgraded?.examination).toMatchObject({
      ...{ tls: { verified: true }, messages: 0, error: null },
      authentication: { mechanism: 'SCRAM-SHA-256', loggedIn: true },
    });
    expect(diagnosis.destination).toBeNull();
  });

  it('a certificate of an unknown authority is refused and shown, with the fingerprint to pin', async () => {
    const { status, diagnosis } = await doctor(['strange']);
    expect(status).toBe(1);
    const [strange] = diagnosis.mailboxes;
    expect(strange?.examination).toMatchObject({
      tls: { verified: false, fingerprint: expect.stringMatching(/^[\da-f]{64}$/) as string },
      authentication: { loggedIn: false },
      error: { kind: 'tls' },
    });
    const { fingerprint } = strange?.examination?.tls ?? {};
    expect(strange?.findings.map(({ text }) => text).join()).toContain(fingerprint);
  });

  it('a wrong password is tried once', async () => {
    const before = failedLogins();
    const { status, diagnosis } = await doctor(['wrong']);
    expect([status, diagnosis.mailboxes[0]?.examination?.error?.kind]).toEqual([1, 'login']);
    expect(diagnosis.mailboxes[0]?.findings[0]?.advice).toContain('--password');
    expect(failedLogins() - before).toBe(1);
  });

  it('looks at the destination after STARTTLS', async () => {
    const { diagnosis } = await doctor([]);
    expect(diagnosis.mailboxes).toHaveLength(4);
    expect(diagnosis.destination?.examination).toMatchObject({
      ...{ offersStartTls: true, tls: { verified: true }, loggedIn: null, error: null },
      features: expect.arrayContaining(['PIPELINING', '8BITMIME']) as unknown,
    });
  });

  it('nothing was fetched, and nothing is gone', () => {
    expect(dovecot.remaining('chris')).toHaveLength(2);
    expect(dovecot.log()).not.toMatch(/retr=[1-9]|del=[1-9]/);
  });

  const failedLogins = () => dovecot.log().split('auth failed').length - 1;
});
