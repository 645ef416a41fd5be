import { simpleParser } from 'mailparser';
import { afterEach, describe, expect, test } from 'vitest';

import { filesIn, reportsIn } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene } from '../support/embedded-scene.ts';
import { noticesAmong, withoutNotices } from '../support/own-notices.ts';
import { sampleMessage } from '../support/sample-message.ts';
import type { SmtpServerOptions } from '../support/smtp-script.ts';
import { keyOf } from '../support/spooled-message.ts';

const LIMIT = 20_000;
const LARGE = sampleMessage(
  'chris@corp.example, kelly@corp.example',
  '=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=',
  {
    body: 'private words\r\n'.repeat(2000),
  },
);
const NAME = `everyone/${keyOf('everyone', LARGE).sha256}`;

/**
 * Mail that is too large for the mail system never ends in silence: who was to get it is told what it is and how to ask
 * for it, and the message is kept. What this does not prove: the limit of a real server.
 */
describe('mail above the limit of the mail system', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function scene(smtp: SmtpServerOptions): Promise<EmbeddedScene> {
    const made = await makeEmbeddedScene({ mails: { everyone: [LARGE] }, smtp });
    closing.push(() => made.close());
    return made;
  }

  test.each([
    ['announced as SIZE: nothing is sent', { extensions: [`SIZE ${LIMIT}`] }],
    [
      'said at MAIL',
      {
        extensions: ['SIZE'],
        // A notice may go over a session of its own.
        replies: (stage, { session, transaction }) =>
          stage === 'mail' && session === 1 && transaction === 1 ? '552 5.3.4 too big' : undefined,
      } satisfies SmtpServerOptions,
    ],
  ] as const)(
    '%s: each recipient gets a small notice, the message lies in Failed/',
    async (_, smtp) => {
      const made = await scene(smtp);
      expect((await made.runOnce()).messages).toMatchObject({ fetched: 1, failed: 1 });
      expect(withoutNotices(made.smtp.received)).toEqual([]);
      expect(filesIn(made.data, 'Failed')).toEqual([`${NAME}.eml`, `${NAME}.json`]);
      expect(reportsIn(made.data)[0]?.recipients).toMatchObject([
        { state: 'failed', code: 552, enhancedCode: '5.3.4' },
        { state: 'failed', code: 552, enhancedCode: '5.3.4' },
      ]);
      const notices = noticesAmong(made.smtp.received);
      const to = notices.map(({ recipients }) => recipients[0]).sort();
      expect(to).toEqual(['admin@corp.example', 'chris@corp.example', 'kelly@corp.example']);
      const forChris = notices.find(({ recipients }) => recipients[0] === 'chris@corp.example');
      const { text = '', subject, headers } = await simpleParser(forChris?.data ?? '');
      expect(subject).toBe('A message of 30 KB could not be delivered to you');
      expect(headers.get('auto-submitted')).toBe('auto-generated');
      expect(text).toContain('From: ann@nwtraders.example');
      expect(text).toContain('Subject: Gr\u00fc\u00dfe');
      expect(text).toContain('Date: Mon, 2 Nov 2026 09:00:00 +0000');
      expect(text).toContain(`mailferry failed show ${NAME}`);
      expect(forChris?.data.toString()).not.toContain('private words');
      // Told once, however often the connector runs.
      await made.runOnce();
      expect(noticesAmong(made.smtp.received)).toHaveLength(3);
    },
  );

  test('a notice that is too large itself causes no other', async () => {
    const made = await scene({ extensions: ['SIZE 10'] });
    await made.runOnce();
    await made.runOnce();
    expect(made.smtp.received).toEqual([]);
    expect(filesIn(made.data, 'Incoming')).toEqual([]);
    const parked = filesIn(made.data, 'Failed').filter((name) => name.endsWith('.eml'));
    expect(parked.filter((name) => name.startsWith('_notices/'))).toHaveLength(3);
    expect(parked).toHaveLength(4);
  });
});
