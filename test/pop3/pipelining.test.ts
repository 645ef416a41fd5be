import { afterEach, describe, expect, it } from 'vitest';

import { collectingSink, messageNumber, openMaildrop } from '../support/open-maildrop.ts';
import { PASSWORD, rejection, USER } from '../support/open-maildrop.ts';
import type { Pop3Faults } from '../support/pop3-faults.ts';
import { Pop3RuleBook } from '../support/pop3-rule.ts';
import type { Pop3Rule } from '../support/pop3-rule.ts';
import { scriptOf } from '../support/pop3-script.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { startPop3Server, USUAL_CAPABILITIES } from '../support/scripted-pop3-server.ts';

const servers: ScriptedPop3Server[] = [];
const NOTE = Buffer.from('Subject: x\r\n\r\nshort\r\n');
const UNOFFERED = USUAL_CAPABILITIES.filter((each) => each !== 'PIPELINING');

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(
  options: {
    readonly faults?: Pop3Faults;
    readonly rules?: readonly Pop3Rule[];
    readonly capabilities?: readonly string[];
  } = {},
): Promise<ScriptedPop3Server> {
  const script = scriptOf(options.faults ?? {});
  const rules = options.rules === undefined ? script.rules : new Pop3RuleBook(options.rules);
  const server = await startPop3Server({
    users: { [USER]: { password: PASSWORD, mails: Array.from({ length: 20 }, () => NOTE) } },
    capabilities: options.capabilities ?? UNOFFERED,
    script: { ...script, rules },
  });
  servers.push(server);
  return server;
}

/** Remembers as the ledger does. */
function memory(mayProbe = true) {
  const remembered = { mayProbe, breaks: 0, broke: () => (remembered.breaks += 1) };
  return remembered;
}

describe('pipelining', () => {
  it('is used without a question where it is offered', async () => {
    const server = await serve({ capabilities: USUAL_CAPABILITIES });
    const maildrop = await openMaildrop(server.port);
    expect(maildrop.pipelining).toBe('offered');
    expect(server.commands).not.toContain('NOOP');
  });

  it('is used where it is offered only after the login', async () => {
    const capa = (lines: readonly string[]) => [...lines, 'PIPELINING'];
    const server = await serve({
      rules: [
        { on: 'CAPA', times: 1 },
        { on: 'CAPA', lines: capa },
      ],
    });
    const pipelining = memory(false);
    expect((await openMaildrop(server.port, { pipelining })).pipelining).toBe('offered');
  });

  it('is tried with two harmless commands in one segment where it is not offered', async () => {
    const server = await serve();
    const pipelining = memory();
    const maildrop = await openMaildrop(server.port, { pipelining });
    expect(maildrop.pipelining).toBe('shown');
    expect(server.commands.slice(-2)).toEqual(['CAPA', 'NOOP']);
    const sinks = Array.from({ length: 20 }, collectingSink);
    await Promise.all(sinks.map((sink, at) => maildrop.retrieve(messageNumber(at + 1), sink)));
    expect(sinks.every(({ octets }) => octets.equals(NOTE))).toBe(true);
    await maildrop.quit();
    expect(pipelining.breaks).toBe(0);
  });

  it('keeps to a smaller window where it was only shown', async () => {
    const server = await serve({
      rules: [{ on: 'RETR', ignored: true, instead: '', then: 'stall' }],
    });
    // A server that stalls reads no more either: what counts is what was sent to it.
    server.setScript({ ...scriptOf({ silentOn: 'RETR' }) });
    const maildrop = await openMaildrop(server.port, { stallMs: 300 });
    await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) =>
        maildrop.retrieve(messageNumber(at + 1), collectingSink()),
      ),
    );
    expect(server.commands.filter((line) => line.startsWith('RETR'))).toHaveLength(16);
  });

  it.each<[string, Pop3Faults, readonly Pop3Rule[] | undefined]>([
    ['loses the second command', { losesPipelined: true }, undefined],
    ['hangs up over it', {}, [{ on: 'NOOP', sessions: [1], instead: '', then: 'close' }]],
    ['resets over it', {}, [{ on: 'NOOP', sessions: [1], instead: '', then: 'reset' }]],
    ['answers in words of its own', {}, [{ on: 'NOOP', sessions: [1], instead: 'what?\r\n' }]],
  ])(
    'is given up for a server that %s: the session is opened anew, one at a time',
    async (_, faults, rules) => {
      const server = await serve({ faults, ...(rules === undefined ? {} : { rules }) });
      const pipelining = memory();
      const maildrop = await openMaildrop(server.port, { pipelining, probeMs: 200 });
      expect(maildrop.pipelining).toBe('none');
      expect(server.connections).toBe(2);
      expect(pipelining.breaks).toBe(1);
      const sinks = [collectingSink(), collectingSink()];
      const all = sinks.map((sink, at) => maildrop.retrieve(messageNumber(at + 1), sink));
      await Promise.all(all);
      expect(sinks.map(({ octets }) => octets)).toEqual([NOTE, NOTE]);
      await maildrop.quit();
    },
  );

  it('is not tried again while the ledger remembers', async () => {
    const server = await serve({ faults: { losesPipelined: true } });
    const maildrop = await openMaildrop(server.port, { pipelining: memory(false) });
    expect(maildrop.pipelining).toBe('none');
    expect(server.connections).toBe(1);
  });

  it('is not tried with a server that took the two for one, or refuses NOOP', async () => {
    const server = await serve({ rules: [{ on: 'NOOP', instead: '-ERR what is that\r\n' }] });
    const pipelining = memory();
    expect((await openMaildrop(server.port, { pipelining })).pipelining).toBe('none');
    expect(pipelining.breaks).toBe(0);
  });

  it('is not tried with a server that knows no CAPA', async () => {
    const server = await serve({ faults: { refuseCapa: true } });
    expect((await openMaildrop(server.port)).pipelining).toBe('none');
    expect(server.commands).not.toContain('NOOP');
  });

  it('is remembered as broken where it breaks under load, in silence or with a hang-up', async () => {
    for (const then of ['stall', 'close'] as const) {
      const server = await serve({ rules: [{ on: 'RETR 2', instead: '', then }] });
      const pipelining = memory();
      const maildrop = await openMaildrop(server.port, { pipelining, stallMs: 200 });
      const all = [1, 2, 3].map((each) => maildrop.retrieve(messageNumber(each), collectingSink()));
      const results = await Promise.allSettled(all);
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
      expect(pipelining.breaks).toBe(1);
    }
  });

  it('is not to blame when somebody else ends the session, or its time is up', async () => {
    const server = await serve({ faults: { silentOn: 'RETR' } });
    for (const within of [300, 20_000]) {
      const pipelining = memory();
      const maildrop = await openMaildrop(server.port, { pipelining, within });
      const all = [1, 2].map((each) => maildrop.retrieve(messageNumber(each), collectingSink()));
      if (within > 1000) maildrop.abandon();
      for (const each of all) await rejection(each);
      expect(pipelining.breaks).toBe(0);
    }
  });
});
