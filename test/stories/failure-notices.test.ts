import { simpleParser } from 'mailparser';
import { afterEach, describe, expect, test } from 'vitest';

import { CAUSE_SINGLE_NOTICES, CAUSE_WINDOW_MS } from '../../shared/limits.ts';
import { filesIn } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene, EmbeddedSceneOptions } from '../support/embedded-scene.ts';
import { noticesAmong } from '../support/own-notices.ts';
import { recordingLog } from '../support/recording-log.ts';
import { sampleMessage } from '../support/sample-message.ts';
import type { SmtpServerOptions } from '../support/smtp-script.ts';
import { keyOf } from '../support/spooled-message.ts';

const DAY = 24 * 3_600_000;
const GONE = 'gone@corp.example';
const SILENT = 'mail failed, and nobody is sent a notice';

/** Refuses, for good or for now, the recipients that are named. */
function answering(replies: Readonly<Record<string, string>>): SmtpServerOptions {
  return {
    replies: (stage, { address }) => (stage === 'rcpt' ? replies[address] : undefined),
  };
}

const REFUSING = answering({ [GONE]: '550 5.1.1 no such user here' });

/**
 * What fails for good is told to the undeliverable mailbox, never to its sender. What this does not prove: what people's
 * mail programs make of the report.
 */
describe('notices about failures', () => {
  const log = recordingLog();
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function scene(options: EmbeddedSceneOptions): Promise<EmbeddedScene> {
    const made = await makeEmbeddedScene({ log, ...options });
    closing.push(() => made.close());
    return made;
  }

  const subjectsOf = (made: EmbeddedScene) =>
    noticesAmong(made.smtp.received).map(
      ({ data }) => /^Subject: (.*)$/m.exec(data.toString())?.[1]?.trim() ?? '',
    );

  test('one refused recipient: one report, from nobody, to the undeliverable mailbox', async () => {
    const message = sampleMessage(`chris@corp.example, ${GONE}`, 'farewell');
    const made = await scene({ mails: { everyone: [message] }, smtp: REFUSING });
    await made.runOnce();
    const [notice, ...others] = noticesAmong(made.smtp.received);
    expect(others).toEqual([]);
    expect(notice).toMatchObject({ mailFrom: '', recipients: ['admin@corp.example'] });
    const parsed = await simpleParser(notice?.data ?? '');
    expect(parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(parsed.headers.get('content-type')).toMatchObject({ value: 'multipart/report' });
    expect(parsed.text).toContain(
      `mailferry failed show everyone/${keyOf('everyone', message).sha256}`,
    );
    expect(parsed.text).toContain(`Final-Recipient: rfc822; ${GONE}`);
    expect(parsed.attachments[0]?.content.toString()).toContain('Subject: farewell');
    expect(notice?.data.toString()).not.toContain('About farewell');
    // Later runs have nothing to add.
    made.clock.advance(DAY);
    await made.runOnce();
    expect(noticesAmong(made.smtp.received)).toHaveLength(1);
  });

  test('who fails later is told of later, and nobody twice', async () => {
    const message = sampleMessage(`busy@corp.example, ${GONE}`, 'both');
    const made = await scene({
      mails: { everyone: [message] },
      smtp: answering({ [GONE]: '550 5.1.1 no', 'busy@corp.example': '450 4.2.1 busy' }),
    });
    await made.runOnce();
    expect(subjectsOf(made)).toEqual([`Mail not delivered to ${GONE}`]);
    for (let day = 0; day < 6; day += 1) {
      made.clock.advance(DAY);
      await made.runOnce();
    }
    expect(subjectsOf(made)).toEqual([
      `Mail not delivered to ${GONE}`,
      'Mail not delivered to busy@corp.example',
    ]);
    expect(filesIn(made.data, 'Incoming')).toEqual([]);
  });

  test('a user mailbox’s own undeliverable is told, and without any it is the log', async () => {
    const configured = (undeliverable: string | null) =>
      scene({
        mails: { chris: [sampleMessage('x@y.example', 'one')] },
        smtp: answering({ 'chris@corp.example': '550 5.1.1 no' }),
        configuration: (usual) => ({
          ...usual,
          undeliverable: null,
          mailboxes: { chris: { ...usual.mailboxes['chris'], undeliverable } },
        }),
      });
    const told = await configured('office@corp.example');
    await told.runOnce();
    expect(noticesAmong(told.smtp.received)[0]?.recipients).toEqual(['office@corp.example']);
    const untold = await configured(null);
    await untold.runOnce();
    expect(noticesAmong(untold.smtp.received)).toEqual([]);
    expect(log.events('error')).toContain(SILENT);
    expect(filesIn(untold.data, 'Failed')).toHaveLength(2);
  });

  test('nobody is told of what the undeliverable mailbox refuses', async () => {
    const made = await scene({
      mails: { everyone: [sampleMessage('bob@other.example', 'lost')] },
      smtp: answering({ 'admin@corp.example': '550 5.1.1 no' }),
    });
    expect((await made.runOnce()).messages).toMatchObject({ failed: 1 });
    expect(filesIn(made.data, 'Failed').every((name) => name.startsWith('everyone/'))).toBe(true);
    expect(filesIn(made.data, 'Incoming')).toEqual([]);
  });

  test('many failures of one cause: some one by one, the others in one notice', async () => {
    const messages = Array.from({ length: 12 }, (_, at) => sampleMessage(GONE, `number-${at}`));
    const made = await scene({ mails: { everyone: messages }, smtp: REFUSING });
    await made.runOnce();
    const single = `Mail not delivered to ${GONE}`;
    const server = `127.0.0.1:${made.smtp.port}`;
    expect(subjectsOf(made)).toEqual([
      ...Array.from({ length: CAUSE_SINGLE_NOTICES }, () => single),
      expect.stringContaining('9 more messages not delivered: refused: 550 5.1.1 from'),
    ]);
    const summary = await simpleParser(noticesAmong(made.smtp.received).at(-1)?.data ?? '');
    expect(summary.text).toContain(`refused: 550 5.1.1 from ${server}`);
    expect(summary.text).toMatch(/^ *mailferry failed retry --reason refused --since \d{4}-\S+Z$/m);
    const named = messages.filter((one) =>
      summary.text?.includes(`everyone/${keyOf('everyone', one).sha256}`),
    );
    expect(named).toHaveLength(9);

    // Within the window the next one joins them; after it, a new one begins.
    made.pop3.addMail('everyone', sampleMessage(GONE, 'another'));
    made.clock.advance(1000);
    await made.runOnce();
    expect(subjectsOf(made).at(-1)).toContain('1 more message not delivered');
    made.pop3.addMail('everyone', sampleMessage(GONE, 'much later'));
    made.clock.advance(CAUSE_WINDOW_MS);
    await made.runOnce();
    expect(subjectsOf(made).at(-1)).toBe(single);
    expect(subjectsOf(made)).toHaveLength(CAUSE_SINGLE_NOTICES + 3);
  });

  test('much that is held: the command that is told routes it by other rules', async () => {
    const round = Array<string>(101).fill('Received: from a.example by b.example; now');
    const messages = Array.from({ length: CAUSE_SINGLE_NOTICES + 2 }, (_, at) =>
      sampleMessage('chris@corp.example', `round-${at}`, { header: round }),
    );
    const made = await scene({ mails: { everyone: messages } });
    await made.runOnce();
    const summary = await simpleParser(noticesAmong(made.smtp.received).at(-1)?.data ?? '');
    expect(summary.subject).toBe('2 more messages not delivered: held without an attempt (loop)');
    expect(summary.text).toMatch(
      /^ *mailferry failed retry --rules current --reason held --since \d{4}-\S+Z$/m,
    );
  });
});
