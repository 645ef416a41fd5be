import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { deliverMessage } from '../../functions/deliver/deliver-message.ts';
import { routeMessage } from '../../functions/route/route-message.ts';
import type { Embedded, EmbeddedDeps } from '../../infra/local/embedded.ts';
import { isOwnMarker } from '../../shared/mail/marker.ts';
import { formatKey, NOTICES } from '../../shared/mail/message-key.ts';
import type { Notice } from '../../shared/notice/notice.ts';
import { noticeRecipient } from '../../shared/notice/notice-recipient.ts';
import { postNotice } from '../../shared/notice/post-notice.ts';
import { collected } from '../support/collected.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene } from '../support/embedded-scene.ts';

const NOTICE: Notice = {
  subjectKey: 'oversize:chris:0f3a',
  to: 'admin@corp.example',
  at: Date.UTC(2026, 2, 1, 12, 30),
  subject: 'Mailbox chris: a message is too large',
  text: 'It stays on the server.\n',
  report: null,
};

describe('a notice', () => {
  let scene: EmbeddedScene;
  let embedded: Embedded;
  let deps: EmbeddedDeps;
  let isRefusing: boolean;

  beforeEach(async () => {
    isRefusing = false;
    scene = await makeEmbeddedScene({
      mails: { chris: [] },
      smtp: {
        replies: (stage) => (stage === 'rcpt' && isRefusing ? '451 4.3.0 not now' : undefined),
      },
    });
    embedded = await scene.open();
    ({ deps } = embedded);
  });

  afterEach(async () => {
    await embedded.close();
    await scene.close();
  });

  it('is one message, however often it is posted', async () => {
    const key = await postNotice(deps, NOTICE);
    expect(key.mailbox).toBe(NOTICES);
    expect(await postNotice(deps, NOTICE)).toEqual(key);
    expect(await collected(deps.store.list('Incoming'))).toHaveLength(1);
  });

  it('goes to its fixed recipient from the null sender, with a marker', async () => {
    const key = await postNotice(deps, NOTICE);
    await routeMessage(deps, key);
    await deliverMessage(deps, key);
    const [sent] = scene.smtp.received;
    expect(sent).toMatchObject({ mailFrom: '', recipients: ['admin@corp.example'] });
    const content = sent?.data ?? Buffer.alloc(0);
    expect(content.toString()).toContain('Subject: Mailbox chris: a message is too large\r\n');
    expect(isOwnMarker(content, deps.loopKey)).toBe(true);
    expect(await collected(deps.store.list('Incoming'))).toEqual([]);
  });

  it('is not sent again when it is posted again after its end', async () => {
    for (let round = 0; round < 2; round += 1) {
      const key = await postNotice(deps, NOTICE);
      await routeMessage(deps, key);
      await deliverMessage(deps, key);
    }
    expect(scene.smtp.received).toHaveLength(1);
    expect(await collected(deps.store.list('Incoming'))).toEqual([]);
  });

  it('waits and is tried again like any mail', async () => {
    isRefusing = true;
    const key = await postNotice(deps, NOTICE);
    await routeMessage(deps, key);
    const outcome = await deliverMessage(deps, key);
    expect(outcome.kind).toBe('later');
    const item = (await deps.messages.find([key])).get(formatKey(key));
    expect(item).toMatchObject({ deferrals: 1, recipients: [{ state: 'waiting', attempts: 1 }] });
  });
});

describe('noticeRecipient', () => {
  it('is the mailbox’s own address, else the general one, else nobody', async () => {
    const scene = await makeEmbeddedScene({
      mails: { chris: [], kelly: [] },
      configuration: (usual) => ({
        ...usual,
        mailboxes: {
          ...usual.mailboxes,
          chris: { ...usual.mailboxes['chris'], undeliverable: 'office@corp.example' },
        },
      }),
    });
    const embedded = await scene.open();
    const settings = await embedded.deps.settings.read();
    await embedded.close();
    await scene.close();
    expect(noticeRecipient(settings, 'chris')).toBe('office@corp.example');
    for (const id of ['kelly', 'gone', null]) {
      expect(noticeRecipient(settings, id)).toBe('admin@corp.example');
    }
    const without = { ...settings, general: { ...settings.general, undeliverable: null } };
    expect(noticeRecipient(without, 'kelly')).toBeNull();
  });
});
