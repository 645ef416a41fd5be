import { afterEach, describe, expect, test } from 'vitest';

import { filesIn } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene } from '../support/embedded-scene.ts';
import { sampleMessage } from '../support/sample-message.ts';

const BOTH = 'chris@corp.example, kelly@corp.example';

/** One message as a provider splits it: a copy for each recipient, with that copy's own trace fields on top. */
function splitCopy(recipient: string, body?: string): Buffer {
  return sampleMessage(BOTH, 'meeting', {
    header: [
      `Delivered-To: ${recipient}`,
      `Received: from mx.nwtraders.example by mx.provider.example for <${recipient}>; Mon, 2 Nov 2026 09:00:00 +0000`,
    ],
    ...(body === undefined ? {} : { body }),
  });
}

/**
 * Copies of one message in one mailbox reach each recipient once; what merely looks alike is delivered. What this
 * does not prove: which fields make two messages the same (test/mail/duplicate-key.test.ts).
 */
describe('duplicates', () => {
  let scene: EmbeddedScene | null = null;

  afterEach(async () => {
    await scene?.close();
    scene = null;
  });

  test('split copies reach each recipient once, and count as duplicates', async () => {
    scene = await makeEmbeddedScene({
      mails: { everyone: [splitCopy('chris@corp.example'), splitCopy('kelly@corp.example')] },
    });
    expect((await scene.runOnce()).messages).toMatchObject({
      ...{ fetched: 2, delivered: 1, duplicate: 1, failed: 0, held: 0 },
    });
    const copies = scene.smtp.received.flatMap(({ recipients }) => recipients).sort();
    expect(copies).toEqual(['chris@corp.example', 'kelly@corp.example']);
    expect(filesIn(scene.data, 'Incoming')).toEqual([]);
    expect(filesIn(scene.data, 'Failed')).toEqual([]);
    expect(scene.pop3.mails('everyone')).toEqual([]);
  });

  test('a copy that comes days later is still one', async () => {
    scene = await makeEmbeddedScene({ mails: { everyone: [splitCopy('chris@corp.example')] } });
    await scene.runOnce();
    scene.clock.advance(13 * 24 * 3_600_000);
    scene.pop3.addMail('everyone', splitCopy('kelly@corp.example'));
    expect((await scene.runOnce()).messages).toMatchObject({ fetched: 1, duplicate: 1 });
    expect(scene.smtp.received).toHaveLength(1);
  });

  test('a copy of a message that somebody still waits for does not overtake it', async () => {
    let busy = true;
    scene = await makeEmbeddedScene({
      mails: { everyone: [splitCopy('chris@corp.example'), splitCopy('kelly@corp.example')] },
      smtp: {
        replies: (stage) => (busy && stage === 'mail' ? '451 4.3.0 not now' : undefined),
      },
    });
    expect((await scene.runOnce()).messages).toMatchObject({ deferred: 1, duplicate: 1 });
    busy = false;
    scene.clock.advance(60_000);
    expect((await scene.runOnce()).messages).toMatchObject({ carried: 1, delivered: 1 });
    expect(scene.smtp.received.map(({ recipients }) => recipients)).toEqual([
      ['chris@corp.example', 'kelly@corp.example'],
    ]);
  });

  test('the same Message-ID with another body is another message', async () => {
    scene = await makeEmbeddedScene({
      mails: {
        everyone: [splitCopy('chris@corp.example'), splitCopy('chris@corp.example', 'Another.')],
      },
    });
    expect((await scene.runOnce()).messages).toMatchObject({ delivered: 2, duplicate: 0 });
    expect(scene.smtp.received).toHaveLength(2);
  });

  test('the very same bytes twice in one mailbox are one message', async () => {
    const copy = splitCopy('chris@corp.example');
    scene = await makeEmbeddedScene({ mails: { everyone: [copy, copy] } });
    expect((await scene.runOnce()).messages).toMatchObject({
      ...{ fetched: 2, delivered: 1, duplicate: 1 },
    });
    expect(scene.smtp.received).toHaveLength(1);
    expect(scene.pop3.mails('everyone')).toEqual([]);
  });

  test('copies whose every trace and verdict differs, and whose folding does, are one message', async () => {
    const other = Buffer.from(
      splitCopy('kelly@corp.example')
        .toString('latin1')
        .replace(/^Delivered-To.*\r\n/, '')
        .replace('To: chris@corp.example, ', 'To: chris@corp.example,\r\n\t')
        .replace(
          'From: ',
          [
            'X-Original-To: kelly@corp.example',
            'Authentication-Results: mx; spf=fail',
            'DKIM-Signature: v=1; b=other',
            'ARC-Seal: i=1',
            'X-Spam-Score: 3',
            'From: ',
          ].join('\r\n'),
        ),
      'latin1',
    );
    scene = await makeEmbeddedScene({
      mails: { everyone: [splitCopy('chris@corp.example'), other] },
    });
    expect((await scene.runOnce()).messages).toMatchObject({ delivered: 1, duplicate: 1 });
  });

  test('copies without a Message-ID are told by their content', async () => {
    const without = (recipient: string, body: string) =>
      Buffer.from(
        splitCopy(recipient, body)
          .toString('latin1')
          .replace(/^Message-ID.*\r\n/m, ''),
        'latin1',
      );
    scene = await makeEmbeddedScene({
      mails: {
        everyone: [
          without('chris@corp.example', 'Ten?'),
          without('kelly@corp.example', 'Ten?'),
          without('chris@corp.example', 'Eleven?'),
        ],
      },
    });
    expect((await scene.runOnce()).messages).toMatchObject({ delivered: 2, duplicate: 1 });
  });

  test('a message that is sent again by its recipient is another one', async () => {
    const resent = Buffer.concat([
      Buffer.from('Resent-From: ann@nwtraders.example\r\nResent-Message-ID: <again@x>\r\n'),
      splitCopy('chris@corp.example'),
    ]);
    scene = await makeEmbeddedScene({
      mails: { everyone: [splitCopy('chris@corp.example'), resent] },
    });
    expect((await scene.runOnce()).messages).toMatchObject({ delivered: 2, duplicate: 0 });
  });

  test('after an alias, copies for two addresses of one person reach him once', async () => {
    const copies = ['info', 'chris', 'kelly'].map((one) =>
      Buffer.concat([
        Buffer.from(`X-Original-To: ${one}@corp.example\r\n`),
        splitCopy(`${one}@corp.example`),
      ]),
    );
    scene = await makeEmbeddedScene({
      mails: { everyone: copies },
      configuration: (usual) => ({
        ...usual,
        aliases: { 'info@corp.example': ['chris@corp.example'] },
        mailboxes: { everyone: { ...usual.mailboxes['everyone'], recipientSource: 'postfix' } },
      }),
    });
    expect((await scene.runOnce()).messages).toMatchObject({ delivered: 2, duplicate: 1 });
    const copiesOf = scene.smtp.received.flatMap(({ recipients }) => recipients).sort();
    expect(copiesOf).toEqual(['chris@corp.example', 'kelly@corp.example']);
  });

  test('the undeliverable mailbox gets the copy of each person that is not there', async () => {
    const copies = ['gone', 'left'].map((one) =>
      Buffer.concat([
        Buffer.from(`X-Original-To: ${one}@corp.example\r\n`),
        splitCopy(`${one}@corp.example`),
      ]),
    );
    scene = await makeEmbeddedScene({
      mails: { everyone: copies },
      configuration: (usual) => ({
        ...usual,
        recipients: ['chris@corp.example'],
        mailboxes: { everyone: { ...usual.mailboxes['everyone'], recipientSource: 'postfix' } },
      }),
    });
    expect((await scene.runOnce()).messages).toMatchObject({ undeliverable: 2, duplicate: 0 });
  });

  test('two user mailboxes each get their copy', async () => {
    scene = await makeEmbeddedScene({
      mails: {
        chris: [splitCopy('chris@corp.example')],
        kelly: [splitCopy('kelly@corp.example')],
      },
    });
    expect((await scene.runOnce()).messages).toMatchObject({ delivered: 2, duplicate: 0 });
    expect(scene.smtp.received.flatMap(({ recipients }) => recipients).sort()).toEqual([
      'chris@corp.example',
      'kelly@corp.example',
    ]);
  });
});
