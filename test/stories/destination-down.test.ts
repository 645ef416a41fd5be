import { afterEach, describe, expect, test } from 'vitest';

import { status } from '../../functions/api/status.ts';
import { DESTINATION_TRIES } from '../../shared/limits.ts';
import { filesIn, reportsIn } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene } from '../support/embedded-scene.ts';
import { configurationFor, makeScene } from '../support/provider-and-server.ts';
import type { Configuration } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const MESSAGES = 40;
const CONCURRENCY = 4;

function withLanes(usual: Configuration): Configuration {
  return { ...usual, delivery: { ...usual.delivery, concurrency: CONCURRENCY } };
}

/**
 * The mail server as a whole is away: it is not hammered, nothing is lost, and everything goes soon after it is back.
 */
describe('a destination that is down', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function scene(smtp: Parameters<typeof startSmtpServer>[0] = {}): Promise<EmbeddedScene> {
    const mails = Array.from({ length: MESSAGES }, (_, at) =>
      sampleMessage('chris@corp.example', `number ${at}`),
    );
    const made = await makeEmbeddedScene({
      mails: { everyone: mails },
      smtp,
      configuration: (usual) => withLanes(usual),
    });
    closing.push(() => made.close());
    return made;
  }

  async function comesBack(port: number): Promise<ScriptedSmtpServer> {
    const back = await startSmtpServer({ port });
    closing.push(() => back.close());
    return back;
  }

  async function statusOf(made: EmbeddedScene) {
    const embedded = await made.open();
    try {
      return await status(embedded.deps);
    } finally {
      await embedded.close();
    }
  }

  const refusing = {
    replies: (stage: string) => (stage === 'connect' ? '554 5.3.2 closed' : undefined),
  };

  test('forty messages make a few tries, all wait, and one a run finds out', async () => {
    const made = await scene(refusing);
    expect((await made.runOnce()).messages).toMatchObject({
      fetched: MESSAGES,
      deferred: MESSAGES,
    });
    const tries = made.smtp.sessions();
    expect(tries).toBeGreaterThanOrEqual(DESTINATION_TRIES);
    expect(tries).toBeLessThan(DESTINATION_TRIES + CONCURRENCY);
    for (let round = 1; round <= 5; round += 1) {
      made.clock.advance(15 * MINUTE);
      expect((await made.runOnce()).messages).toMatchObject({ deferred: MESSAGES });
      expect(made.smtp.sessions()).toBe(tries + round);
    }
    expect(filesIn(made.data, 'Incoming')).toHaveLength(MESSAGES);
  });

  test('status says since when and why, and nothing of it when all is well', async () => {
    const made = await scene(refusing);
    const host = `127.0.0.1:${made.smtp.port}`;
    const well = { host, status: 'ok', since: null, retryAt: null, error: null };
    expect((await statusOf(made)).destination).toEqual(well);
    const since = new Date(made.clock.now()).toISOString();
    await made.runOnce();
    expect((await statusOf(made)).destination).toMatchObject({
      host,
      status: 'down',
      since,
      // Opened anew for this look.
      retryAt: null,
      error: 'the server refused the session: closed',
    });
  });

  test('the command says it in a line: what it met, and when it is tried next', async () => {
    const mails = {
      chris: Array.from({ length: 4 }, (_, at) => sampleMessage('x@y.example', `${at}`)),
    };
    const made = await makeScene({ mails, smtp: refusing });
    closing.push(() => made.close());
    expect((await made.here(['run', '--once'])).status).toBe(1);
    const { status: exit, stderr } = await made.here(['status']);
    expect(exit).toBe(1);
    expect(stderr).toMatch(
      /destination: 127\.0\.0\.1:\d+ is down since \S+Z, mail for it waits \(tried next with the next message\): the server refused the session: closed\n/,
    );
  });

  test('everything goes at the first try after it is back, whatever had been tried how often', async () => {
    const made = await scene();
    await made.smtp.close();
    await made.runOnce();
    for (let round = 1; round <= 12; round += 1) {
      made.clock.advance(15 * MINUTE);
      await made.runOnce();
    }
    const back = await comesBack(made.smtp.port);
    made.clock.advance(15 * MINUTE);
    const { messages } = await made.runOnce();
    expect(messages).toMatchObject({ delivered: MESSAGES, deferred: 0 });
    expect(new Set(back.received.map(({ data }) => data.toString())).size).toBe(MESSAGES);
    expect(back.received).toHaveLength(MESSAGES);
    expect((await statusOf(made)).destination.status).toBe('ok');
  });

  test('the only message that waits, tried all night for all, goes within a quarter of an hour as well', async () => {
    const made = await makeEmbeddedScene({
      mails: { chris: [sampleMessage('x@corp.example', 'one')] },
    });
    closing.push(() => made.close());
    await made.smtp.close();
    for (let minutes = 0; minutes < 9 * 60; minutes += 15) {
      await made.runOnce();
      made.clock.advance(15 * MINUTE);
    }
    const back = await comesBack(made.smtp.port);
    expect((await made.runOnce()).messages).toMatchObject({ carried: 1, delivered: 1 });
    expect(back.received).toHaveLength(1);
  });

  test('an outage longer than giveUpAfter parks all mail, and says that the destination was down', async () => {
    const made = await scene(refusing);
    await made.runOnce();
    made.clock.advance(5 * DAY + MINUTE);
    expect((await made.runOnce()).messages).toMatchObject({ failed: MESSAGES, deferred: 0 });
    expect(filesIn(made.data, 'Incoming')).toEqual([]);
    const reports = reportsIn(made.data);
    expect(reports).toHaveLength(MESSAGES);
    for (const { reason, explanation, recipients } of reports) {
      expect(reason).toBe('expired');
      expect(explanation).toContain('the server refused the session: closed');
      expect(recipients.map(({ state }) => state)).toEqual(['failed']);
    }
    expect((await statusOf(made)).destination.status).toBe('down');
  });

  test('a changed destination is tried at once', async () => {
    const made = await scene(refusing);
    await made.runOnce();
    const elsewhere = await startSmtpServer();
    closing.push(() => elsewhere.close());
    made.configure(withLanes(configurationFor(['everyone'], made.pop3.port, elsewhere.port)));
    made.clock.advance(MINUTE);
    await made.runOnce();
    expect(elsewhere.received.length).toBeGreaterThanOrEqual(MESSAGES - 1);
  });
});
