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
