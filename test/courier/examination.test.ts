import { describe, expect, it } from 'vitest';

import { systemClock } from '../../shared/clock.ts';
import { examineDestination } from '../../shared/courier/examination.ts';
import type { DestinationExamination } from '../../shared/courier/examination.ts';
import { certificates } from '../support/certificates.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { SmtpServerOptions } from '../support/smtp-script.ts';

const auth = { username: 'connector', password: 'open sesame' };
const { authority: ca, good, expired } = certificates;

async function examine(
  script: SmtpServerOptions,
  { tls, lmtp = false, password }: { tls: 'none' | 'starttls'; lmtp?: boolean; password?: string },
): Promise<{ seen: DestinationExamination; commands: readonly string[] }> {
  const server = await startSmtpServer(script);
  const seen = await examineDestination({
    server: {
      ...{ host: 'localhost', port: server.port, tls, allowCleartext: true, ca, fingerprint: null },
      ...{ username: null, password: null },
    },
    lmtp,
    login: password === undefined ? null : () => Promise.resolve({ ...auth, password }),
    helloName: 'connector.example',
    clock: systemClock,
    withinMs: 20_000,
  });
  await server.close();
  return { seen, commands: server.commands };
}

describe('a look at the destination', () => {
  it('EHLO before and after STARTTLS, the certificate, the login; and QUIT', async () => {
    const { seen, commands } = await examine(
      { auth, tls: { mode: 'starttls', ...good } },
      { tls: 'starttls', password: auth.password },
    );
    expect(seen).toMatchObject({
      ...{ offersStartTls: true, loggedIn: true, error: null },
      greeting: expect.stringMatching(/^220/) as string,
      tls: { version: 'TLSv1.3', verified: true, fingerprint: good.fingerprint },
      features: expect.arrayContaining(['8BITMIME', 'SIZE 52428800']) as unknown,
    });
    expect(seen.features).not.toContain('STARTTLS');
    expect(commands.some((line) => /^(MAIL|RCPT|DATA)/i.test(line))).toBe(false);
    expect(commands.at(-1)).toBe('QUIT');
    expect(JSON.stringify(seen)).not.toContain(auth.password);
  });

  it('LMTP greets by LHLO', async () => {
    const { seen, commands } = await examine({ lmtp: true }, { tls: 'none', lmtp: true });
    expect(commands[0]).toMatch(/^LHLO/);
    expect(seen).toMatchObject({ error: null, tls: null, offersStartTls: false, loggedIn: null });
    expect(seen.features).toContain('8BITMIME');
  });

  it.each([
    [
      'a certificate that is refused',
      { tls: { mode: 'starttls', ...expired } },
      { tls: 'starttls' },
      'tls',
      null,
    ],
    ['no STARTTLS where it is required', {}, { tls: 'starttls' }, 'tls', null],
    ['a wrong password', { auth }, { tls: 'none', password: 'wrong-hush' }, 'login', false],
    ['no greeting', { replies: () => '554 5.3.2 no service' }, { tls: 'none' }, 'protocol', null],
  ] as const)('%s', async (_what, script, how, kind, loggedIn) => {
    const { seen } = await examine(script, how);
    expect(seen).toMatchObject({ loggedIn, error: { kind } });
    expect(JSON.stringify(seen)).not.toContain('wrong-hush');
  });
});
