import { describe, expect, it } from 'vitest';

import type { RecipientReply } from '../../shared/courier/courier.ts';
import type { Transport } from '../../shared/settings/settings.ts';
import { certificates, type ServerCertificate } from '../support/certificates.ts';
import { parcelOf } from '../support/parcels.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import { courierFor } from './courier-for.ts';

const auth = { username: 'connector', password: 'open sesame' };

interface Outcome {
  readonly reply: RecipientReply | undefined;
  readonly secure: boolean | undefined;
  readonly commands: readonly string[];
}

async function sendOver(
  mode: 'implicit' | 'starttls',
  certificate: ServerCertificate,
  server: Partial<Transport>,
): Promise<Outcome> {
  const scripted = await startSmtpServer({ auth, tls: { mode, ...certificate } });
  const courier = courierFor(scripted.port, {
    login: () => Promise.resolve(auth),
    server: { tls: mode, allowCleartext: false, ...server },
  });
  const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
  await courier.close();
  await scripted.close();
  const secure = scripted.received[0]?.secure;
  return { reply: replies[0], secure, commands: scripted.commands };
}

const { authority, good, wrongName, expired, selfSigned } = certificates;

describe.each(['implicit', 'starttls'] as const)('TLS, %s', (mode) => {
  it.each(['127.0.0.1', 'localhost'])('carries mail to %s', async (host) => {
    const { reply, secure } = await sendOver(mode, good, { host, ca: authority });
    expect([reply?.verdict, secure]).toEqual(['sent', true]);
  });

  it.each([
    ['an unknown authority', good, null],
    ['another name', wrongName, authority],
    ['an expired certificate', expired, authority],
    ['a self-signed certificate', selfSigned, authority],
  ])('lets mail wait, and tells no credential, on %s', async (_, certificate, ca) => {
    const { reply, commands } = await sendOver(mode, certificate, { ca });
    expect(reply).toMatchObject({ verdict: 'temporary', code: null });
    expect(reply?.text).toMatch(/^no TLS with 127\.0\.0\.1:\d+: [^\n]+ \([A-Z_]+\)$/);
    expect(commands.some((line) => line.startsWith('AUTH'))).toBe(false);
  });

  it('compares the certificate with serverName, where that is another name than the host', async () => {
    const named = { ca: authority, serverName: 'other.test' };
    expect((await sendOver(mode, wrongName, named)).reply?.verdict).toBe('sent');
    expect((await sendOver(mode, good, named)).reply?.verdict).toBe('temporary');
  });

  it('takes the pinned certificate, whoever signed it', async () => {
    const { reply, secure } = await sendOver(mode, selfSigned, {
      fingerprint: selfSigned.fingerprint,
    });
    expect([reply?.verdict, secure]).toEqual(['sent', true]);
  });

  it('refuses another certificate than the pinned one before AUTH, though its authority is known', async () => {
    const { reply, commands } = await sendOver(mode, good, {
      ca: authority,
      fingerprint: selfSigned.fingerprint,
    });
    expect(reply?.verdict).toBe('temporary');
    expect(reply?.text).toContain(`expected the certificate ${selfSigned.fingerprint}`);
    expect(commands.some((line) => /^(AUTH|MAIL)/.test(line))).toBe(false);
  });
});

describe('STARTTLS', () => {
  it('is required: a server without it gets neither credentials nor mail', async () => {
    const scripted = await startSmtpServer({ auth });
    const courier = courierFor(scripted.port, {
      login: () => Promise.resolve(auth),
      server: { tls: 'starttls' },
    });
    const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
    expect(replies[0]?.verdict).toBe('temporary');
    expect(replies[0]?.text).toBe(
      'expected TLS by STARTTLS, which the server refused: not offered',
    );
    expect(scripted.commands.some((line) => /^(AUTH|MAIL)/.test(line))).toBe(false);
    await courier.close();
    await scripted.close();
  });

  it('forgets what was said before it: a reply slipped in behind the 220 is nobody’s', async () => {
    const scripted = await startSmtpServer({
      auth,
      tls: { mode: 'starttls', ...good },
      replies: (stage) =>
        stage === 'starttls'
          ? '220 2.0.0 go ahead\r\n250-slipped.example\r\n250 SIZE 1\r\n235 2.7.0 logged in'
          : undefined,
    });
    const courier = courierFor(scripted.port, {
      login: () => Promise.resolve(auth),
      server: { tls: 'starttls', ca: authority },
    });
    const { replies } = await courier.deliver(parcelOf('a: b\r\n'));
    expect(replies[0]?.verdict).toBe('sent');
    expect(scripted.commands.filter((line) => /^(EHLO|AUTH)/.test(line))).toHaveLength(3);
    await courier.close();
    await scripted.close();
  });

  it('is not used where the setting is none', async () => {
    const scripted = await startSmtpServer({ tls: { mode: 'starttls', ...good } });
    const courier = courierFor(scripted.port);
    await courier.deliver(parcelOf('a: b\r\n'));
    expect(scripted.received[0]?.secure).toBe(false);
    await courier.close();
    await scripted.close();
  });
});
