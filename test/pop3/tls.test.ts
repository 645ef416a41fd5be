import { afterEach, describe, expect, it } from 'vitest';

import { certificates } from '../support/certificates.ts';
import type { OpenOptions } from '../support/open-maildrop.ts';
import { openMaildrop, PASSWORD, rejection, retrieved, USER } from '../support/open-maildrop.ts';
import type { Pop3Faults } from '../support/pop3-faults.ts';
import type { ServerTls } from '../support/pop3-host.ts';
import { startScriptedDialogue } from '../support/scripted-dialogue.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';

const servers: { close(): Promise<void> }[] = [];
const NOTE = Buffer.from('Subject: x\r\n\r\nshort\r\n');
const { authority: ca } = certificates;

async function serve(tls: ServerTls | null, faults: Pop3Faults = {}): Promise<ScriptedPop3Server> {
  const server = await startPop3Server({
    users: { [USER]: { password: PASSWORD, mails: [NOTE] } },
    faults,
    ...(tls === null ? {} : { tls }),
  });
  servers.push(server);
  return server;
}

/** Both ways into TLS, and what each needs of server and client. */
const ways = [
  ['implicit', true],
  ['starttls', false],
] as const;

function secure(tls: 'implicit' | 'starttls', options: OpenOptions = {}): OpenOptions {
  return { tls, ca, host: 'localhost', cleartextAllowed: false, ...options };
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe.each(ways)('TLS (%s)', (way, implicit) => {
  it.each(['localhost', '127.0.0.1'])('carries a session with %s', async (host) => {
    const server = await serve({ ...certificates.good, implicit });
    const maildrop = await openMaildrop(server.port, secure(way, { host }));
    const { mails } = await maildrop.listing();
    const all = await Promise.all(mails.map((mail) => retrieved(maildrop, mail)));
    expect(all).toEqual([NOTE]);
    await maildrop.quit();
    expect(server.logins).toEqual([
      { user: USER, mechanism: 'PLAIN', secure: true, accepted: true },
    ]);
  });

  it.each([
    ['wrongName', /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['expired', /CERT_HAS_EXPIRED/],
    ['selfSigned', /DEPTH_ZERO_SELF_SIGNED_CERT/],
  ] as const)('refuses the certificate %s before any credential', async (name, reason) => {
    const server = await serve({ ...certificates[name], implicit });
    const error = await rejection(openMaildrop(server.port, secure(way)));
    expect(error).toMatchObject({ kind: 'tls', permanence: 'permanent' });
    expect(String(error)).toMatch(reason);
    expect(server.commands.filter((line) => line !== 'STLS')).toEqual([]);
  });

  it('refuses a wrong name for an IP address as well', async () => {
    const server = await serve({ ...certificates.wrongName, implicit });
    const error = await rejection(openMaildrop(server.port, secure(way, { host: '127.0.0.1' })));
    expect(String(error)).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  it('compares an IP address with the addresses of the certificate, not with its names', async () => {
    const { nameOnly } = certificates;
    const server = await serve({ ...nameOnly, implicit });
    const byAddress = secure(way, { ca: nameOnly.cert, host: '127.0.0.1' });
    const error = await rejection(openMaildrop(server.port, byAddress));
    expect(String(error)).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
    await (await openMaildrop(server.port, { ...byAddress, host: 'localhost' })).quit();
  });

  it('compares the certificate with the server name that is set, and not with the host', async () => {
    const other = await serve({ ...certificates.wrongName, implicit });
    const named = secure(way, { serverName: 'other.test' });
    await (await openMaildrop(other.port, named)).quit();
    await (await openMaildrop(other.port, { ...named, host: '127.0.0.1' })).quit();
    const good = await serve({ ...certificates.good, implicit });
    const error = await rejection(openMaildrop(good.port, named));
    expect(String(error)).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
    expect(good.logins).toEqual([]);
  });

  it('refuses an authority that is not known', async () => {
    const server = await serve({ ...certificates.good, implicit });
    const error = await rejection(openMaildrop(server.port, secure(way, { ca: null })));
    expect(error).toMatchObject({ kind: 'tls', permanence: 'permanent' });
  });

  it('takes the certificate of the fingerprint, whoever signed it', async () => {
    const { selfSigned } = certificates;
    const server = await serve({ ...selfSigned, implicit });
    const pinned = secure(way, { ca: null, fingerprint: selfSigned.fingerprint });
    await (await openMaildrop(server.port, pinned)).quit();
    expect(server.logins).toHaveLength(1);
  });

  it('refuses another certificate than that of the fingerprint, though it is good', async () => {
    const server = await serve({ ...certificates.good, implicit });
    const pinned = secure(way, { fingerprint: certificates.selfSigned.fingerprint });
    const error = await rejection(openMaildrop(server.port, pinned));
    expect(error).toMatchObject({ kind: 'tls', permanence: 'permanent' });
    expect(String(error)).toContain(certificates.good.fingerprint);
    expect(server.commands.filter((line) => line !== 'STLS')).toEqual([]);
  });

  it('calls a close within the handshake temporary', async () => {
    const steps = implicit
      ? [{ pause: true } as const, { end: 'close' } as const]
      : [{ send: '+OK\r\n' }, { expect: 'STLS' }, { send: '+OK\r\n' }, { end: 'reset' } as const];
    const server = await startScriptedDialogue(steps);
    servers.push(server);
    const error = await rejection(openMaildrop(server.port, secure(way)));
    expect(error).toMatchObject({ kind: 'connect', permanence: 'temporary' });
  });

  it('does not wait for a handshake for ever', async () => {
    const server = await startScriptedDialogue(
      implicit ? [] : [{ send: '+OK\r\n' }, { expect: 'STLS' }, { send: '+OK\r\n' }],
    );
    servers.push(server);
    const error = await rejection(openMaildrop(server.port, secure(way, { stallMs: 100 })));
    expect(error).toMatchObject({ kind: 'timeout', permanence: 'temporary' });
  });
});

describe('implicit TLS', () => {
  it('says that the server does not speak TLS', async () => {
    const server = await serve(null);
    const error = await rejection(openMaildrop(server.port, secure('implicit')));
    expect(error).toMatchObject({ kind: 'tls', permanence: 'permanent' });
    expect(String(error)).toContain('does not speak TLS');
  });
});

describe('STLS', () => {
  it('asks for capabilities inside TLS only', async () => {
    const server = await serve(certificates.good);
    await (await openMaildrop(server.port, secure('starttls'))).quit();
    expect(server.commands.slice(0, 2)).toEqual(['STLS', 'CAPA']);
  });

  it('sends no credential where it is refused, though clear text is allowed', async () => {
    const server = await serve(certificates.good, { noStls: true });
    const options = secure('starttls', { cleartextAllowed: true });
    const error = await rejection(openMaildrop(server.port, options));
    expect(error).toMatchObject({ kind: 'tls', permanence: 'permanent' });
    expect(server.commands).toEqual(['STLS']);
  });

  it('refuses clear text that was put behind +OK', async () => {
    const server = await serve(certificates.good, { injectAfterStls: '+OK\r\n-ERR injected\r\n' });
    const error = await rejection(openMaildrop(server.port, secure('starttls')));
    expect(error).toMatchObject({ kind: 'tls', permanence: 'permanent' });
    expect(String(error)).toContain('clear text');
    expect(server.logins).toEqual([]);
  });

  it('refuses clear text that comes a moment later', async () => {
    const server = await startScriptedDialogue([
      { send: '+OK\r\n' },
      { expect: 'STLS' },
      { send: '+OK\r\n' },
      { pause: true },
      { send: '+OK injected\r\n' },
    ]);
    servers.push(server);
    const error = await rejection(openMaildrop(server.port, secure('starttls')));
    expect(error).toMatchObject({ kind: 'tls' });
  });
});
