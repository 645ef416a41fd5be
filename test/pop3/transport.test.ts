import type { LookupFunction } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { openMaildrop, PASSWORD, rejection, USER } from '../support/open-maildrop.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { listen, startPop3Server } from '../support/scripted-pop3-server.ts';

const servers: ScriptedPop3Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(): Promise<ScriptedPop3Server> {
  const server = await startPop3Server({ users: { [USER]: { password: PASSWORD, mails: [] } } });
  servers.push(server);
  return server;
}

/** A resolver that knows one host, with these addresses in this order. */
function resolvingTo(...addresses: readonly string[]): LookupFunction {
  return (_host, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
}

/** Reserved for documentation (RFC 5737): nobody answers there, and no route leads there on some machines. */
const NOBODY = '192.0.2.1';

describe('reaching a server', () => {
  it.each([
    ['an address of IPv6 where the server has only IPv4', '::1'],
    ['an address where nobody answers', NOBODY],
  ])('tries the next address behind %s', async (_, first) => {
    const server = await serve();
    const lookup = resolvingTo(first, '127.0.0.1');
    const options = { host: 'pop.provider.example', lookup, attemptMs: 100 };
    await (await openMaildrop(server.port, options)).quit();
    expect(server.logins).toHaveLength(1);
  });

  it('says of every address what was wrong with it', async () => {
    const gone = await listen(null, () => undefined);
    await gone.close();
    const lookup = resolvingTo('127.0.0.1', '127.0.0.2');
    const error = await rejection(
      openMaildrop(gone.port, { host: 'pop.provider.example', lookup }),
    );
    expect(error).toMatchObject({ kind: 'connect', permanence: 'temporary' });
    expect(String(error)).toMatch(/ECONNREFUSED 127\.0\.0\.1.*ECONNREFUSED 127\.0\.0\.2/);
  });

  it('waits for no resolver for ever', async () => {
    const lookup: LookupFunction = () => undefined;
    const options = { host: 'pop.provider.example', lookup };
    for (const tls of ['none', 'implicit'] as const) {
      const stalled = await rejection(openMaildrop(110, { ...options, tls, stallMs: 100 }));
      expect(stalled).toMatchObject({ kind: 'timeout', permanence: 'temporary' });
      const overdue = await rejection(openMaildrop(110, { ...options, tls, within: 100 }));
      expect(overdue).toMatchObject({ kind: 'timeout', permanence: 'temporary' });
      expect(String(overdue)).toContain('time limit');
    }
  });

  it('calls a host that is not found a fault of the connection', async () => {
    const lookup: LookupFunction = (host, _options, callback) => {
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {
        code: 'ENOTFOUND',
      });
      callback(error, []);
    };
    for (const tls of ['none', 'implicit'] as const) {
      const error = await rejection(
        openMaildrop(110, { host: 'pop.provider.example', lookup, tls }),
      );
      expect(error).toMatchObject({ kind: 'connect', permanence: 'temporary' });
      expect(String(error)).toContain('ENOTFOUND');
    }
  });
});
