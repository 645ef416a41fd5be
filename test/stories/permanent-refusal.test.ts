import { afterEach, describe, expect, test } from 'vitest';

import { contentOf, filesIn, onlyReport, reportsIn } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import { withoutNotices } from '../support/own-notices.ts';
import { makeScene, PASSWORD } from '../support/provider-and-server.ts';
import type { Configuration } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import type { SmtpServerOptions } from '../support/smtp-script.ts';
import { keyOf } from '../support/spooled-message.ts';

const MESSAGE = sampleMessage('chris@corp.example, gone@corp.example', 'farewell', {
  body: 'A body that nobody else shall read.',
});
const KEY = keyOf('everyone', MESSAGE);

function refusing(reply: string): NonNullable<SmtpServerOptions['replies']> {
  return (stage, { address }) =>
    stage === 'rcpt' && address === 'gone@corp.example' ? reply : undefined;
}

/**
 * What the mail server refuses for good is parked in `Failed/` with the reason in its own words, and leaves
 * `Incoming/`; the others have it. What this does not prove: bringing it out of `Failed/` again, which this version
 * does not do.
 */
describe('permanent refusal', () => {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  test('the copy is the original, and the report says why without secrets and without content', async () => {
    const scene = await makeScene({
      mails: { everyone: [MESSAGE] },
      smtp: {
        auth: { username: 'connector', password: PASSWORD },
        replies: refusing('550 5.1.1 no such user here'),
      },
      configuration: withLogin,
    });
    closing.push(() => scene.close());
    const { status, summary, stderr } = await scene.runOnce();

    expect(status).toBe(1);
    expect(summary.messages).toMatchObject({ fetched: 1, failed: 1, delivered: 0 });
    expect(withoutNotices(scene.smtp.received).map(({ recipients }) => recipients)).toEqual([
      ['chris@corp.example'],
    ]);
    expect(filesIn(scene.data, 'Incoming')).toEqual([]);
    expect(filesIn(scene.data, 'Failed')).toEqual([
      `everyone/${KEY.sha256}.eml`,
      `everyone/${KEY.sha256}.json`,
    ]);
    const copy = contentOf(scene.data, 'Failed', `everyone/${KEY.sha256}.eml`);
    expect(copy.equals(MESSAGE)).toBe(true);

    const report = onlyReport(scene.data);
    expect(report).toMatchObject({
      key: `everyone/${KEY.sha256}`,
      mailbox: 'everyone',
      reason: 'refused',
      size: MESSAGE.length,
      envelope: {
        mailFrom: 'ann@nwtraders.example',
        recipients: ['chris@corp.example', 'gone@corp.example'],
      },
      recipients: [
        { address: 'chris@corp.example', source: 'To', state: 'sent', code: 250, attempts: 1 },
        {
          ...{ address: 'gone@corp.example', source: 'To', state: 'failed', attempts: 1 },
          ...{ code: 550, enhancedCode: '5.1.1', reply: 'no such user here' },
          host: `127.0.0.1:${scene.smtp.port}`,
        },
      ],
    });
    expect(report.explanation).toBe(
      `gone@corp.example was refused: "550 5.1.1 no such user here" from 127.0.0.1:${scene.smtp.port}`,
    );
    expect(report.transcript).toEqual(
      expect.arrayContaining(['C: RCPT TO:<gone@corp.example>', 'S: 550 5.1.1 no such user here']),
    );
    expect(report.transcript?.some((line) => line.startsWith('C: AUTH'))).toBe(true);
    const written = JSON.stringify(report) + stderr + JSON.stringify(summary);
    for (const secret of [PASSWORD, Buffer.from(PASSWORD).toString('base64').slice(0, 10)]) {
      expect(written).not.toContain(secret);
    }
    expect(written).not.toContain('nobody else');
    expect(written).not.toContain('Subject');
  });

  test('a refusal of the whole message fails all who were to get it', async () => {
    const scene = await makeEmbeddedScene({
      mails: { everyone: [MESSAGE] },
      smtp: {
        replies: (stage) => (stage === 'content' ? '554 5.6.0 content rejected' : undefined),
      },
    });
    closing.push(() => scene.close());
    expect((await scene.runOnce()).messages).toMatchObject({ fetched: 1, failed: 1 });
    expect(scene.smtp.received).toEqual([]);
    // The notice about it is refused as well, and causes no other.
    const reports = reportsIn(scene.data);
    expect(reports.map(({ mailbox }) => mailbox)).toEqual(['_notices', 'everyone']);
    expect(reports[1]?.recipients.map(({ state }) => state)).toEqual(['failed', 'failed']);
    expect((await scene.runOnce()).messages).toMatchObject({ fetched: 0, carried: 0 });
  });

  test('a refusal keeps its transcript while others are still waited for', async () => {
    let busy = true;
    const refusal = refusing('550 5.1.1 no such user here');
    const scene = await makeEmbeddedScene({
      mails: { everyone: [MESSAGE] },
      smtp: {
        replies: (stage, moment) =>
          stage === 'rcpt' && busy && moment.address === 'chris@corp.example'
            ? '451 4.2.1 busy'
            : refusal(stage, moment),
      },
    });
    closing.push(() => scene.close());
    expect((await scene.runOnce()).messages).toMatchObject({ deferred: 1 });
    expect(onlyReport(scene.data).recipients.map(({ state }) => state)).toEqual([
      'waiting',
      'failed',
    ]);
    busy = false;
    scene.clock.advance(60_000);
    expect((await scene.runOnce()).messages).toMatchObject({ carried: 1, failed: 1 });
    const report = onlyReport(scene.data);
    expect(report.recipients.map(({ state }) => state)).toEqual(['sent', 'failed']);
    expect(report.transcript).toContain('S: 550 5.1.1 no such user here');
    expect(filesIn(scene.data, 'Incoming')).toEqual([]);
  });
});

function withLogin(usual: Configuration): unknown {
  const smtp = {
    ...(usual.delivery['smtp'] as object),
    username: 'connector',
    password: { secret: 'provider' },
  };
  return { ...usual, delivery: { ...usual.delivery, smtp } };
}
