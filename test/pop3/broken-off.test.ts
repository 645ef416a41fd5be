import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';

import { Failure } from '../../shared/failure.ts';
import {
  collectingSink,
  messageNumber,
  openMaildrop,
  PASSWORD,
  rejection,
  USER,
} from '../support/open-maildrop.ts';
import type { Pop3Faults } from '../support/pop3-faults.ts';
import type { DialogueStep } from '../support/scripted-dialogue.ts';
import { startScriptedDialogue } from '../support/scripted-dialogue.ts';
import { listen, startPop3Server } from '../support/scripted-pop3-server.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const NOTE = Buffer.from('Subject: x\r\n\r\nshort\r\n');

async function serve(faults: Pop3Faults): Promise<number> {
  const mails = [NOTE, NOTE, NOTE];
  const server = await startPop3Server({
    users: { [USER]: { password: PASSWORD, mails } },
    faults,
  });
  open.push(server);
  return server.port;
}

/** A server that plays `steps` after a login without CAPA. */
async function dialogue(...steps: DialogueStep[]): Promise<number> {
  const server = await startScriptedDialogue([
    { send: '+OK\r\n' },
    { expect: 'CAPA' },
    { send: '+OK\r\nPIPELINING\r\n.\r\n' },
    { expect: 'USER' },
    { send: '+OK\r\n' },
    { expect: 'PASS' },
    { send: '+OK\r\n' },
    ...steps,
  ]);
  open.push(server);
  return server.port;
}

async function greetedWith(...steps: DialogueStep[]): Promise<unknown> {
  const server = await startScriptedDialogue(steps);
  open.push(server);
  return rejection(openMaildrop(server.port, { stallMs: 200 }));
}

/** Retrieves 1, 2, 3 at once and gives what became of each. */
async function retrieveThree(port: number): Promise<unknown[]> {
  const maildrop = await openMaildrop(port, { stallMs: 200 });
  const results = await Promise.allSettled(
    [1, 2, 3].map((each) => maildrop.retrieve(messageNumber(each), collectingSink())),
  );
  return results.map((each) => (each.status === 'rejected' ? (each.reason as unknown) : 'whole'));
}

describe('a session that breaks off', () => {
  it.each(['close', 'reset', 'stall'] as const)(
    'never gives a cut message for a whole one: %s',
    async (how) => {
      // Every cut of `Subject: x … short CRLF . CRLF` that lacks at least the last octet.
      for (let octets = 0; octets < NOTE.length + 3; octets += how === 'stall' ? 8 : 1) {
        const port = await serve({ breakOff: { message: 2, octets, how } });
        const [first, second, third] = await retrieveThree(port);
        // A reset may overtake octets that were sent before it.
        if (how !== 'reset') expect(first).toBe('whole');
        expect(second).toBeInstanceOf(Failure);
        expect(third).toBeInstanceOf(Failure);
        expect(second).toMatchObject({
          kind: how === 'stall' ? 'timeout' : 'connect',
          permanence: 'temporary',
        });
      }
    },
  );

  it('rejects when the server says nothing at all', async () => {
    const port = await serve({ silentOn: 'LIST' });
    const maildrop = await openMaildrop(port, { stallMs: 100 });
    expect(await rejection(maildrop.listing())).toMatchObject({ kind: 'timeout' });
  });

  it('rejects all answers due at an unsolicited line', async () => {
    const port = await dialogue({ send: '-ERR idle for too long, good bye\r\n' });
    const maildrop = await openMaildrop(port);
    const first = await rejection(
      maildrop.retrieve(messageNumber(1), collectingSink()).then(() => maildrop.listing()),
    );
    expect(String(first)).toContain('idle for too long');
  });

  it('stays quiet over a reset while nothing is asked', async () => {
    const port = await dialogue({ end: 'reset' });
    const maildrop = await openMaildrop(port);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await rejection(maildrop.listing())).toMatchObject({ kind: 'connect' });
  });

  it('takes no answer of another protocol', async () => {
    const port = await dialogue({ expect: 'RETR' }, { send: '250 fine\r\n' });
    const [first, second] = await retrieveThree(port);
    expect(String(first)).toContain('expected +OK or -ERR to RETR 1, got "250 fine"');
    expect(second).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
  });

  it('takes no challenge where it asked for none', async () => {
    const port = await dialogue({ expect: 'RETR' }, { send: '+ \r\n' });
    const [first] = await retrieveThree(port);
    expect(first).toMatchObject({ kind: 'protocol' });
  });

  it('gives up a status line that never ends', async () => {
    const port = await serve({ endlessLine: 'RETR' });
    const [first] = await retrieveThree(port);
    expect(String(first)).toContain('a line above 8192 octets');
  });

  it('gives up a CAPA that never ends', async () => {
    const error = await greetedWith(
      { send: '+OK\r\n' },
      { expect: 'CAPA' },
      {
        send: `+OK\r\n${'X-MORE\r\n'.repeat(10_000)}`,
      },
    );
    expect(error).toMatchObject({ kind: 'protocol', permanence: 'temporary' });
  });

  it.each([
    ['-ERR greeting', [{ send: '-ERR [SYS/TEMP] too busy\r\n' }], 'too busy'],
    ['closed before a greeting', [{ end: 'close' }], 'closed the connection'],
    ['reset before a greeting', [{ end: 'reset' }], 'ECONNRESET'],
    ['closed at CAPA', [{ send: '+OK\r\n' }, { expect: 'CAPA' }, { end: 'close' }], 'closed'],
  ] as const)('says why the session could not be opened: %s', async (_, steps, reason) => {
    const error = await greetedWith(...steps);
    expect(error).toMatchObject({ kind: 'connect', permanence: 'temporary' });
    expect(String(error)).toContain(reason);
  });

  it('says that the greeting is of another protocol', async () => {
    const error = await greetedWith({ send: '220 mail.example ESMTP\r\n' });
    expect(error).toMatchObject({ kind: 'protocol' });
    expect(String(error)).toContain('220 mail.example ESMTP');
  });

  it('may be noticed late: answers that are awaited in turn end no process', async () => {
    const port = await serve({ breakOff: { message: 1, octets: 3, how: 'close' } });
    const maildrop = await openMaildrop(port);
    const due = [1, 2, 3].map((each) => maildrop.retrieve(messageNumber(each), collectingSink()));
    // All are rejected before the first is looked at; the runner fails on an unhandled rejection.
    await new Promise((resolve) => setTimeout(resolve, 30));
    for (const each of due) expect(await rejection(each)).toMatchObject({ kind: 'connect' });
  });

  it('says that nobody listens', async () => {
    const gone = await listen(null, () => undefined);
    await gone.close();
    const error = await rejection(openMaildrop(gone.port));
    expect(error).toMatchObject({ kind: 'connect', permanence: 'temporary' });
    expect(String(error)).toContain('ECONNREFUSED');
  });

  it('says that a host does not exist', async () => {
    const error = await rejection(openMaildrop(110, { host: 'no-such-host.invalid' }));
    expect(error).toMatchObject({ kind: 'connect', permanence: 'temporary' });
  });

  it('reads a last answer that came together with the close', async () => {
    const port = await dialogue({ expect: 'QUIT' }, { send: '+OK bye\r\n' }, { end: 'close' });
    const maildrop = await openMaildrop(port);
    await expect(maildrop.quit()).resolves.toBeUndefined();
  });

  it('reads what has come when the close overtakes a slow sink', async () => {
    const port = await dialogue(
      { expect: 'RETR' },
      { expect: 'RETR' },
      { send: '+OK\r\na\r\n.\r\n+OK\r\nb\r\n.\r\n' },
      { end: 'close' },
    );
    const maildrop = await openMaildrop(port);
    const taken: string[] = [];
    const slow = {
      write: async (chunk: Buffer): Promise<void> => {
        taken.push(chunk.toString());
        await new Promise((resolve) => setTimeout(resolve, 20));
      },
    };
    await Promise.all([1, 2].map((each) => maildrop.retrieve(messageNumber(each), slow)));
    expect(taken.join('')).toBe('a\r\nb\r\n');
  });
});

describe('a session that is ended from outside', () => {
  it('stops at its time limit though the server trickles', async () => {
    const port = await serve({ breakOff: { message: 1, octets: 5, how: 'stall' } });
    const maildrop = await openMaildrop(port, { within: 150 });
    const error = await rejection(maildrop.retrieve(messageNumber(1), collectingSink()));
    expect(error).toMatchObject({ kind: 'timeout', permanence: 'temporary' });
    expect(String(error)).toContain('time limit');
  });

  it('does not begin after its time limit', async () => {
    const port = await serve({});
    expect(await rejection(openMaildrop(port, { within: -1 }))).toMatchObject({ kind: 'timeout' });
    const signal = AbortSignal.abort();
    expect(await rejection(openMaildrop(port, { signal }))).toMatchObject({ kind: 'timeout' });
  });

  it('stops at the signal, and leaves no listener on it', async () => {
    const port = await serve({ silentOn: 'RETR' });
    const controller = new AbortController();
    const { signal } = controller;
    const maildrop = await openMaildrop(port, { signal });
    const due = [1, 2].map((each) =>
      rejection(maildrop.retrieve(messageNumber(each), collectingSink())),
    );
    controller.abort();
    for (const error of await Promise.all(due)) expect(error).toMatchObject({ kind: 'timeout' });
    const other = new AbortController();
    const second = await openMaildrop(port, { signal: other.signal });
    expect(getEventListeners(other.signal, 'abort')).toHaveLength(1);
    await second.quit();
    expect(getEventListeners(other.signal, 'abort')).toHaveLength(0);
  });

  it('stops while it connects', async () => {
    const silent = await listen(null, () => undefined);
    open.push(silent);
    const controller = new AbortController();
    const opening = rejection(openMaildrop(silent.port, { signal: controller.signal }));
    controller.abort();
    expect(await opening).toMatchObject({ kind: 'timeout' });
  });

  it('does not blame the server for a slow sink', async () => {
    const port = await serve({});
    const maildrop = await openMaildrop(port, { stallMs: 50 });
    await maildrop.retrieve(messageNumber(1), {
      write: () => new Promise((resolve) => setTimeout(resolve, 150)),
    });
    await maildrop.quit();
  });

  it('leaves with the server what a slow sink has not taken', async () => {
    const endless = Buffer.alloc(64 * 1024);
    let sent = 0;
    const server = await listen(null, (socket) => {
      const flood = (): void => {
        sent += endless.length;
        if (socket.writable) socket.write(endless, flood);
      };
      socket.write('+OK\r\n');
      socket.on('data', (octets) => {
        const verb = octets.toString().slice(0, 4);
        socket.write(verb === 'CAPA' ? '-ERR\r\n' : '+OK\r\n');
        if (verb === 'RETR') flood();
      });
    });
    open.push(server);
    const maildrop = await openMaildrop(server.port);
    const due = maildrop.retrieve(messageNumber(1), { write: () => new Promise(() => undefined) });
    // Ends once the server gets nothing more off; were it all read, the flood would never stop.
    for (let before = -1; before !== sent && sent < 512 * 1024 * 1024;) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    maildrop.abandon();
    expect(await rejection(due)).toMatchObject({ kind: 'connect' });
  });

  it('stops at its time limit though a sink never takes the octets', async () => {
    const port = await serve({});
    const maildrop = await openMaildrop(port, { within: 150 });
    const error = await rejection(
      maildrop.retrieve(messageNumber(1), { write: () => new Promise(() => undefined) }),
    );
    expect(error).toMatchObject({ kind: 'timeout' });
  });
});

describe('a sink that fails', () => {
  const disk = new Error('disk full');

  it.each([
    [
      'throws',
      (): void => {
        throw disk;
      },
    ],
    ['rejects', () => Promise.reject(disk)],
  ])('ends the session when it %s', async (_, write) => {
    const port = await serve({});
    const maildrop = await openMaildrop(port);
    const before = collectingSink();
    const results = [
      maildrop.retrieve(messageNumber(1), before),
      maildrop.retrieve(messageNumber(2), { write }),
      maildrop.retrieve(messageNumber(3), collectingSink()),
      maildrop.quit(),
    ];
    await results[0];
    expect(before.octets).toEqual(NOTE);
    expect(await rejection(Promise.resolve(results[1]))).toBe(disk);
    for (const later of results.slice(2)) {
      expect(await rejection(later)).toMatchObject({ kind: 'internal', cause: disk });
    }
  });

  it('passes a Failure on to all that wait', async () => {
    const port = await serve({});
    const full = new Failure('store', 'temporary', 'disk full');
    const maildrop = await openMaildrop(port);
    const first = maildrop.retrieve(messageNumber(1), { write: () => Promise.reject(full) });
    const second = maildrop.retrieve(messageNumber(2), collectingSink());
    expect(await rejection(first)).toBe(full);
    expect(await rejection(second)).toBe(full);
  });
});
