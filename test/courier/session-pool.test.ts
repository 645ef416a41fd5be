import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';

import type { Clock } from '../../shared/clock.ts';
import { parcelOf } from '../support/parcels.ts';
import { startSmtpServer, type ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';
import { courierFor } from './courier-for.ts';

type Courier = ReturnType<typeof courierFor>;
type ServerOptions = Parameters<typeof startSmtpServer>[0];

async function withServer(
  options: ServerOptions,
  changes: Parameters<typeof courierFor>[1],
  body: (server: ScriptedSmtpServer, courier: Courier) => Promise<void>,
): Promise<void> {
  const server = await startSmtpServer(options);
  const courier = courierFor(server.port, changes);
  try {
    await body(server, courier);
  } finally {
    await courier.close();
    await server.close();
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const send = async (courier: Courier): Promise<string | undefined> =>
  (await courier.deliver(parcelOf('a: b\r\n'))).replies[0]?.verdict;

const count = (server: ScriptedSmtpServer, command: string): number =>
  server.commands.filter((line) => line === command).length;

describe('connections', () => {
  it('are opened when the first message comes, and reused', async () => {
    await withServer({}, {}, async (server, courier) => {
      expect(server.sessions()).toBe(0);
      for (let at = 0; at < 5; at += 1) expect(await send(courier)).toBe('sent');
      expect(server.sessions()).toBe(1);
    });
  });

  it('are never more than the setting says', async () => {
    let most = 0;
    const counted = { replies: (): undefined => void (most = Math.max(most, server.open())) };
    const server = await startSmtpServer(counted);
    const courier = courierFor(server.port, { concurrency: 3 });
    await Promise.all(Array.from({ length: 30 }, () => send(courier)));
    expect(server.received).toHaveLength(30);
    expect(most).toBe(3);
    await courier.close();
    await server.close();
  });

  it.each(['421 4.7.0 too many connections', 'drop'])(
    'are as few as the server takes: who meets %s waits for one in use',
    async (reply) => {
      const replies = (stage: string, { session }: { session: number }): string | undefined =>
        stage === 'connect' && session > 2 ? reply : undefined;
      // The first two are open before the others come: a connection that just breaks may be anything else.
      const extensions = ['8BITMIME'];
      await withServer({ replies, extensions }, { concurrency: 8 }, async (server, courier) => {
        const first = [send(courier), send(courier)];
        await until(() => count(server, 'EHLO connector.example') === 2);
        const all = await Promise.all([
          ...first,
          ...Array.from({ length: 28 }, () => send(courier)),
        ]);
        expect(all).toEqual(Array.from({ length: 30 }, () => 'sent'));
        // Once for each of the other six at most, and none is tried again for a while.
        expect(server.sessions()).toBeLessThanOrEqual(8);
      });
    },
  );

  it('are given up when the server takes none at all', async () => {
    const replies = (stage: string): string | undefined =>
      stage === 'connect' ? '421 4.3.2 closed' : undefined;
    await withServer({ replies }, { concurrency: 4 }, async (server, courier) => {
      const all = await Promise.all(Array.from({ length: 4 }, () => send(courier)));
      expect(all).toEqual(Array.from({ length: 4 }, () => 'temporary'));
      expect(server.sessions()).toBeLessThan(8);
    });
  });

  it('end with QUIT at close, after the deliveries that are under way', async () => {
    await withServer({}, {}, async (server, courier) => {
      const sending = [send(courier), send(courier)];
      await until(() => server.sessions() === 2);
      await courier.close();
      expect(await Promise.all(sending)).toEqual(['sent', 'sent']);
      expect(count(server, 'QUIT')).toBe(2);
      expect(await send(courier)).toBe('temporary');
    });
  });

  it('end with QUIT when idle', async () => {
    await withServer({}, { deadlines: { idleMs: 5 } }, async (server, courier) => {
      await send(courier);
      await until(() => count(server, 'QUIT') === 1 && server.open() === 0);
      expect(await send(courier)).toBe('sent');
      expect(server.sessions()).toBe(2);
    });
  });

  it('are not reused after a freeze in which the idle timer did not run', async () => {
    let now = 0;
    const clock: Clock = { now: () => now };
    await withServer({}, { clock }, async (server, courier) => {
      await send(courier);
      now += 3_600_000;
      expect(await send(courier)).toBe('sent');
      expect(server.sessions()).toBe(2);
    });
  });

  it('end after 100 messages', async () => {
    await withServer({}, { concurrency: 1 }, async (server, courier) => {
      for (let at = 0; at < 101; at += 1) await send(courier);
      expect(server.sessions()).toBe(2);
      expect(count(server, 'QUIT')).toBe(1);
    });
  });

  it('are reset, not ended, after a refused message', async () => {
    const replies = (stage: string, moment: { transaction: number }): string | undefined =>
      stage === 'rcpt' && moment.transaction === 1 ? '550 5.1.1 no' : undefined;
    await withServer({ replies }, { concurrency: 1 }, async (server, courier) => {
      expect(await send(courier)).toBe('permanent');
      expect(await send(courier)).toBe('sent');
      expect([server.sessions(), count(server, 'RSET')]).toEqual([1, 1]);
    });
  });

  it('are given up when RSET is refused', async () => {
    const replies = (stage: string): string | undefined => {
      if (stage === 'rset') return '500 no';
      return stage === 'mail' && server.sessions() === 1 ? '451 later' : undefined;
    };
    const server = await startSmtpServer({ replies });
    const courier = courierFor(server.port, { concurrency: 1 });
    expect(await send(courier)).toBe('temporary');
    expect(await send(courier)).toBe('sent');
    expect(server.sessions()).toBe(2);
    await courier.close();
    await server.close();
  });
});

describe('a kept connection that is dead', () => {
  it('costs nothing when the server closed it while idle', async () => {
    await withServer({}, {}, async (server, courier) => {
      await send(courier);
      server.disconnectAll();
      expect(await send(courier)).toBe('sent');
    });
  });

  it('costs nothing when the server said 421 while idle', async () => {
    await withServer({}, {}, async (server, courier) => {
      await send(courier);
      server.say('421 4.4.2 idle for too long');
      expect(await send(courier)).toBe('sent');
      expect(server.received).toHaveLength(2);
    });
  });

  it.each(['421 4.3.2 restarting', 'drop'])(
    'is replaced once when MAIL meets %s, and takes the other kept ones along',
    async (reply) => {
      const replies = (stage: string, moment: { transaction: number }): string | undefined =>
        stage === 'mail' && moment.transaction === 2 ? reply : undefined;
      await withServer({ replies }, {}, async (server, courier) => {
        await Promise.all([send(courier), send(courier)]);
        expect(server.sessions()).toBe(2);
        const { replies: got, transcript } = await courier.deliver(parcelOf('a: b\r\n'));
        expect(got[0]?.verdict).toBe('sent');
        expect(server.sessions()).toBe(3);
        expect(transcript.join('\n')).toContain('trying once on a new one');
        expect(server.received).toHaveLength(3);
      });
    },
  );

  it('is not tried a third time', async () => {
    const replies = (stage: string, moment: { session: number; transaction: number }) =>
      stage === 'mail' && (moment.transaction > 1 || moment.session > 1) ? 'drop' : undefined;
    await withServer({ replies }, {}, async (server, courier) => {
      await send(courier);
      expect(await send(courier)).toBe('temporary');
      expect(server.sessions()).toBe(2);
    });
  });

  it('is never replaced once the content was asked for', async () => {
    const replies = (stage: string, moment: { transaction: number }): string | undefined =>
      stage === 'content' && moment.transaction === 2 ? 'drop' : undefined;
    await withServer({ replies }, { concurrency: 1 }, async (server, courier) => {
      await send(courier);
      let opened = 0;
      const content = (): Readable => {
        opened += 1;
        return Readable.from([Buffer.from('a: b\r\n')]);
      };
      const { replies: got } = await courier.deliver(parcelOf('a: b\r\n', { content }));
      expect(got[0]?.verdict).toBe('temporary');
      expect([opened, server.sessions(), server.received.length]).toEqual([1, 1, 1]);
    });
  });
});

describe('the time for a whole delivery', () => {
  it('also ends the wait for a free connection', async () => {
    const replies = (stage: string): string | undefined => (stage === 'mail' ? 'hang' : undefined);
    const deadlines = { deliveryMs: 50 };
    await withServer({ replies }, { concurrency: 1, deadlines }, async (_, courier) => {
      const handed = await Promise.all([
        courier.deliver(parcelOf('a: b\r\n')),
        courier.deliver(parcelOf('a: b\r\n')),
      ]);
      expect(handed.map((one) => one.replies[0]?.verdict)).toEqual(['temporary', 'temporary']);
      expect(handed[0].replies[0]?.text).toBe('time for the delivery ended waiting for reply');
    });
  });
});
