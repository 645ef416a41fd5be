import { afterEach, describe, expect, test } from 'vitest';

import { filesIn, onlyReport } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene } from '../support/embedded-scene.ts';
import { withoutNotices } from '../support/own-notices.ts';
import { makeScene } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { SmtpServerOptions } from '../support/smtp-script.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GAPS = [
  ...[MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE],
  ...[HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, 12 * HOUR],
];
const BOTH = 'chris@corp.example, kelly@corp.example';

/** Kelly's mailbox is busy until `ready()`. */
function busyForKelly(ready: () => boolean): SmtpServerOptions {
  return {
    replies: (stage, { address }) =>
      stage === 'rcpt' && address === 'kelly@corp.example' && !ready()
        ? '451 4.2.1 mailbox busy'
        : undefined,
  };
}

/**
 * A recipient that the server puts off waits alone, is tried again in growing gaps, and is given up at the end; who
 * has the message never gets it twice. What this does not prove: that a service wakes at those times (test/infra).
 */
describe('temporary refusal', () => {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function embedded(
    replies: SmtpServerOptions,
    random?: () => number,
  ): Promise<EmbeddedScene> {
    const scene = await makeEmbeddedScene({
      mails: { everyone: [sampleMessage(BOTH, 'meeting')] },
      smtp: replies,
      ...(random === undefined ? {} : { random }),
    });
    closing.push(() => scene.close());
    return scene;
  }

  test('the command: the other recipient has it, exit status 1; at once again, nothing is sent', async () => {
    const scene = await makeScene({
      mails: { everyone: [sampleMessage(BOTH, 'meeting')] },
      smtp: busyForKelly(() => false),
    });
    closing.push(() => scene.close());
    const first = await scene.runOnce();
    expect(first.status).toBe(1);
    expect(first.summary.messages).toMatchObject({ fetched: 1, carried: 0, deferred: 1 });
    expect(scene.smtp.received.map(({ recipients }) => recipients)).toEqual([
      ['chris@corp.example'],
    ]);
    const sessions = scene.smtp.sessions();

    const second = await scene.runOnce();
    expect(second.status).toBe(1);
    expect(second.summary.messages).toMatchObject({ fetched: 0, carried: 1, deferred: 1 });
    expect(scene.smtp.sessions()).toBe(sessions);
    expect(filesIn(scene.data, 'Incoming')).toHaveLength(1);
    expect(filesIn(scene.data, 'Failed')).toEqual([]);
  });

  test('after the gap only the one who waits is tried', async () => {
    let ready = false;
    const scene = await embedded(busyForKelly(() => ready));
    await scene.runOnce();
    ready = true;
    scene.clock.advance(MINUTE - 1);
    expect((await scene.runOnce()).messages).toMatchObject({ carried: 1, deferred: 1 });
    expect(scene.smtp.received).toHaveLength(1);
    scene.clock.advance(1);
    expect((await scene.runOnce()).messages).toMatchObject({ carried: 1, delivered: 1 });
    expect(scene.smtp.received.map(({ recipients }) => recipients)).toEqual([
      ['chris@corp.example'],
      ['kelly@corp.example'],
    ]);
    expect(filesIn(scene.data, 'Incoming')).toEqual([]);
    expect((await scene.runOnce()).messages).toMatchObject({ fetched: 0, carried: 0 });
  });

  test('the gaps grow from a minute to twelve hours, and the last attempt lies at the end', async () => {
    const scene = await embedded(busyForKelly(() => false));
    const attempts = () => scene.smtp.commands.filter((line) => line.includes('<kelly@')).length;
    const begun = scene.clock.now();
    await scene.runOnce();
    for (const [index, gap] of GAPS.entries()) {
      scene.clock.advance(gap - 1);
      await scene.runOnce();
      expect(attempts(), `just before gap ${index + 1}`).toBe(index + 1);
      scene.clock.advance(1);
      await scene.runOnce();
      expect(attempts(), `after gap ${index + 1}`).toBe(index + 2);
    }
    scene.clock.advance(begun + 5 * 24 * HOUR - scene.clock.now() - 1);
    expect((await scene.runOnce()).messages).toMatchObject({ carried: 1, deferred: 1 });
    expect(filesIn(scene.data, 'Failed')).toEqual([]);
    scene.clock.advance(12 * HOUR);
    expect((await scene.runOnce()).messages).toMatchObject({ carried: 1, failed: 1 });

    expect(filesIn(scene.data, 'Incoming')).toEqual([]);
    expect(filesIn(scene.data, 'Failed')).toHaveLength(2);
    const report = onlyReport(scene.data);
    expect(report.reason).toBe('expired');
    expect(report.explanation).toMatch(
      /^kelly@corp\.example was given up after \d+ attempts; the last answer was "451 4\.2\.1 mailbox busy" from /,
    );
    expect(report.recipients.map(({ address, state }) => [address, state])).toEqual([
      ['chris@corp.example', 'sent'],
      ['kelly@corp.example', 'failed'],
    ]);
    expect(withoutNotices(scene.smtp.received)).toHaveLength(1);
  });

  test('a server that is down puts all off, and takes all when it is back', async () => {
    const scene = await embedded({});
    const { port } = scene.smtp;
    await scene.smtp.close();
    expect((await scene.runOnce()).messages).toMatchObject({ fetched: 1, deferred: 1 });
    expect(scene.pop3.mails('everyone')).toEqual([]);
    expect(filesIn(scene.data, 'Incoming')).toHaveLength(1);
    const back = await startSmtpServer({ port });
    closing.push(() => back.close());
    scene.clock.advance(MINUTE);
    expect((await scene.runOnce()).messages).toMatchObject({ carried: 1, delivered: 1 });
    expect(back.received.map(({ recipients }) => recipients)).toEqual([
      ['chris@corp.example', 'kelly@corp.example'],
    ]);
  });
});
