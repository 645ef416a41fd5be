import { afterEach, describe, expect, it } from 'vitest';

import { systemClock } from '../../shared/clock.ts';
import type { MaildropAddress, ServerOffer } from '../../shared/pop3/maildrop.ts';
import { Pop3Opener } from '../../shared/pop3/opener.ts';
import type { TlsFacts } from '../../shared/tls/tls-facts.ts';
import { certificates } from '../support/certificates.ts';
import { rejection } from '../support/open-maildrop.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import type { Pop3ServerOptions, ScriptedPop3Server } from '../support/scripted-pop3-server.ts';

const { authority: ca, good, expired, selfSigned, wrongName } = certificates;
const WISH = { auth: 'auto', cleartextAllowed: false, credential: 'password' } as const;

describe('a look at a server from outside', () => {
  const servers: ScriptedPop3Server[] = [];

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function serve(options: Partial<Pop3ServerOptions>): Promise<ScriptedPop3Server> {
    const server = await startPop3Server({ users: {}, ...options });
    servers.push(server);
    return server;
  }

  interface Seen {
    greeting?: string;
    facts?: TlsFacts;
    offer?: ServerOffer;
  }

  async function probe(
    server: ScriptedPop3Server,
    address: Partial<MaildropAddress>,
    verify = true,
    wish: Parameters<Pop3Opener['probe']>[1] = WISH,
  ): Promise<Seen> {
    const seen: Seen = {};
    const usual = { host: 'localhost', port: server.port, tls: 'none', fingerprint: null } as const;
    await new Pop3Opener(systemClock).probe(
      { ...usual, ca, ...address },
      wish,
      {
        deadline: systemClock.now() + 20_000,
        signal: new AbortController().signal,
        observer: {
          greeted: (text) => (seen.greeting = text),
          secured: (facts) => (seen.facts = facts),
          offered: (offer) => (seen.offer = offer),
        },
      },
      verify,
    );
    return seen;
  }

  it.each([
    ['implicit', true],
    ['starttls', false],
  ] as const)(
    '%s TLS: version, cipher and certificate; and it leaves without a login',
    async (tls, implicit) => {
      const server = await serve({ tls: { ...good, implicit } });
      const { greeting, facts, offer } = await probe(server, { tls });
      expect(greeting).toBe('sample maildrop ready');
      expect(facts).toMatchObject({
        ...{ version: 'TLSv1.3', cipher: expect.stringMatching(/^TLS_/) as string, verified: true },
        ...{
          names: expect.stringContaining('DNS:localhost') as string,
          fingerprint: good.fingerprint,
        },
        validTo: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      });
      expect(offer).toMatchObject({ mechanism: 'PLAIN', obstacle: null, loginDelayMs: null });
      expect(server.commands.at(-1)).toBe('QUIT');
      expect(server.logins).toEqual([]);
    },
  );

  it('what a login would use follows from the channel; why none would, too', async () => {
    const server = await serve({ capabilities: ['SASL PLAIN CRAM-MD5', 'LOGIN-DELAY 60'] });
    expect((await probe(server, {})).offer).toMatchObject({
      ...{ mechanism: 'CRAM-MD5', loginDelayMs: 60_000 },
      capabilities: expect.arrayContaining(['SASL PLAIN CRAM-MD5', 'LOGIN-DELAY 60']) as unknown,
    });
    const plain = await serve({ capabilities: ['SASL PLAIN', 'USER'] });
    expect((await probe(plain, {})).offer).toMatchObject({
      mechanism: null,
      obstacle: expect.stringContaining('use TLS') as string,
    });
    const old = await serve({ faults: { refuseCapa: true } });
    expect((await probe(old, {})).offer?.capabilities).toBeNull();
  });

  it.each([
    ['expired', expired],
    ['self-signed', selfSigned],
    ['for another name', wrongName],
  ])(
    'a certificate that is %s is refused; asked for, it is shown all the same',
    async (_what, certificate) => {
      const server = await serve({ tls: { ...certificate, implicit: true } });
      expect(await rejection(probe(server, { tls: 'implicit' }))).toMatchObject({ kind: 'tls' });
      const { facts } = await probe(server, { tls: 'implicit' }, false);
      expect(facts).toMatchObject({ verified: false, fingerprint: certificate.fingerprint });
      const pinned = { tls: 'implicit', fingerprint: 'ab'.repeat(32) } as const;
      expect(await rejection(probe(server, pinned))).toMatchObject({ kind: 'tls' });
      expect((await probe(server, pinned, false)).facts?.fingerprint).toBe(certificate.fingerprint);
    },
  );
});
