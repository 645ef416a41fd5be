import { afterEach, describe, expect, test } from 'vitest';

import { filesIn, onlyReport } from '../support/data-folder-files.ts';
import { makeEmbeddedScene } from '../support/embedded-scene.ts';
import type { EmbeddedScene } from '../support/embedded-scene.ts';
import type { Configuration } from '../support/provider-and-server.ts';
import { noticesAmong, withoutNotices } from '../support/own-notices.ts';
import { sampleMessage, unfoldedHeader } from '../support/sample-message.ts';
import type { ReceivedMail } from '../support/smtp-script.ts';

const LIST = ['chris@corp.example', 'kelly@corp.example', 'gone@sub.corp.example'];

/**
 * From header and settings to envelope, on the wire: who gets a message, under which sender, with which fields. What
 * this does not prove: every form an address can have (test/corpus, test/routing).
 */
describe('routing end to end', () => {
  let scene: EmbeddedScene | null = null;

  afterEach(async () => {
    await scene?.close();
    scene = null;
  });

  /** Carries these messages of the global mailbox. @returns what arrived, by Subject */
  async function carry(
    mails: readonly Buffer[],
    configuration: (usual: Configuration) => unknown = (usual) => usual,
  ): Promise<ReadonlyMap<string, ReceivedMail>> {
    scene = await makeEmbeddedScene({ mails: { everyone: mails }, configuration });
    await scene.runOnce();
    return bySubject(scene.smtp.received);
  }

  test('a user mailbox delivers to its targets, whatever the header says', async () => {
    scene = await makeEmbeddedScene({
      mails: { chris: [sampleMessage('bob@other.example', 'fixed')] },
    });
    expect((await scene.runOnce()).messages).toMatchObject({ delivered: 1 });
    expect(scene.smtp.received[0]?.recipients).toEqual(['chris@corp.example']);
  });

  test('To and Cc in accepted domains, sub-domains, groups, lists of recipients, the pickup box', async () => {
    const mails = [
      sampleMessage('Chris <chris@CORP.example>', 'to-and-cc', {
        header: ['Cc: kelly@corp.example, bob@other.example'],
      }),
      sampleMessage('gone@sub.corp.example', 'sub-domain'),
      sampleMessage('info@corp.example', 'group'),
      sampleMessage('unknown@corp.example, chris@corp.example', 'listed'),
      sampleMessage('catchall@corp.example, kelly@corp.example', 'pickup'),
    ];
    const arrived = await carry(mails, (usual) => ({
      ...usual,
      domains: ['corp.example', '*.corp.example'],
      aliases: { 'info@corp.example': ['chris@corp.example', 'kelly@corp.example'] },
      recipients: LIST,
      mailboxes: {
        everyone: { ...usual.mailboxes['everyone'], ignore: ['catchall@corp.example'] },
      },
    }));
    const recipients = Object.fromEntries(
      [...arrived].map(([subject, mail]) => [subject, [...mail.recipients].sort()]),
    );
    expect(recipients).toEqual({
      'to-and-cc': ['chris@corp.example', 'kelly@corp.example'],
      'sub-domain': ['gone@sub.corp.example'],
      group: ['chris@corp.example', 'kelly@corp.example'],
      listed: ['chris@corp.example'],
      pickup: ['kelly@corp.example'],
    });
  });

  test('without a recipient of ours: to the undeliverable mailbox, with the reason, never relayed', async () => {
    const arrived = await carry([
      sampleMessage('bob@other.example, eve@other.example', 'foreign'),
      sampleMessage('undisclosed-recipients:;', 'nobody'),
    ]);
    for (const mail of arrived.values()) expect(mail.recipients).toEqual(['admin@corp.example']);
    expect(fieldsOf(arrived, 'foreign')).toContain(
      'X-Mailferry-Undeliverable: no recipient among the addresses in To and Cc (2 domain not accepted)',
    );
    expect(fieldsOf(arrived, 'nobody')).toContain(
      'X-Mailferry-Undeliverable: no address in To or Cc',
    );
  });

  test('several who get a message do not read of each other in Bcc; one does', async () => {
    const header = ['Bcc: kelly@corp.example'];
    const arrived = await carry([
      sampleMessage('chris@corp.example, kelly@corp.example', 'several', { header }),
      sampleMessage('chris@corp.example', 'one', { header }),
    ]);
    expect(fieldsOf(arrived, 'several').some((field) => field.startsWith('Bcc:'))).toBe(false);
    expect(fieldsOf(arrived, 'one')).toContain('Bcc: kelly@corp.example');
    expect(arrived.get('one')?.recipients).toEqual(['chris@corp.example']);
  });

  test('Return-Path becomes MAIL FROM and leaves the header; the null one stays null', async () => {
    const to = 'chris@corp.example';
    const arrived = await carry([
      sampleMessage(to, 'with', { header: ['Return-Path: <bounces@nwtraders.example>'] }),
      sampleMessage(to, 'null', { header: ['Return-Path: <>'] }),
      sampleMessage(to, 'without'),
    ]);
    expect(arrived.get('with')?.mailFrom).toBe('bounces@nwtraders.example');
    expect(arrived.get('null')?.mailFrom).toBe('');
    expect(arrived.get('without')?.mailFrom).toBe('ann@nwtraders.example');
    expect(fieldsOf(arrived, 'with').some((field) => field.startsWith('Return-Path'))).toBe(false);
  });

  test('a fixed sender replaces all but the null one', async () => {
    const to = 'chris@corp.example';
    const arrived = await carry(
      [
        sampleMessage(to, 'with', { header: ['Return-Path: <bounces@nwtraders.example>'] }),
        sampleMessage(to, 'null', { header: ['Return-Path: <>'] }),
      ],
      (usual) => ({ ...usual, delivery: { ...usual.delivery, sender: 'ferry@corp.example' } }),
    );
    expect(arrived.get('with')?.mailFrom).toBe('ferry@corp.example');
    expect(arrived.get('null')?.mailFrom).toBe('');
  });

  test('what comes back with our marker is held; a stranger’s marker is not', async () => {
    scene = await makeEmbeddedScene({
      mails: { everyone: [sampleMessage('chris@corp.example', 'round')] },
    });
    await scene.runOnce();
    const carried = scene.smtp.received[0]?.data ?? Buffer.alloc(0);
    scene.pop3.addMail('everyone', carried);
    expect((await scene.runOnce()).messages).toMatchObject({ fetched: 1, held: 1, delivered: 0 });
    expect(withoutNotices(scene.smtp.received)).toHaveLength(1);
    const [notice] = noticesAmong(scene.smtp.received);
    expect(notice).toMatchObject({ mailFrom: '', recipients: ['admin@corp.example'] });
    expect(notice?.data.toString()).toContain('Subject: Mail from mailbox everyone is held');
    expect(filesIn(scene.data, 'Incoming')).toEqual([]);
    expect(onlyReport(scene.data)).toMatchObject({
      reason: 'held',
      explanation: 'held without an attempt: loop: this connector has carried the message before',
      envelope: { recipients: [] },
      recipients: [],
    });

    const marker = markerOf(carried);
    scene.pop3.addMail(
      'everyone',
      sampleMessage('chris@corp.example', 'forged', {
        header: [`X-Mailferry-Id: everyone/${'0'.repeat(64)}; ${'A'.repeat(43)}`, marker],
      }),
    );
    expect((await scene.runOnce()).messages).toMatchObject({ fetched: 1, held: 0, delivered: 1 });
    expect(bySubject(scene.smtp.received).get('forged')?.recipients).toEqual([
      'chris@corp.example',
    ]);
  });
});

function bySubject(received: readonly ReceivedMail[]): ReadonlyMap<string, ReceivedMail> {
  return new Map(
    received.map((mail) => [
      /^Subject: (.*)$/m.exec(mail.data.toString('latin1'))?.[1] ?? '',
      mail,
    ]),
  );
}

function fieldsOf(arrived: ReadonlyMap<string, ReceivedMail>, subject: string): string[] {
  return unfoldedHeader(arrived.get(subject)?.data ?? Buffer.alloc(0)).split('\r\n');
}

/** The marker of a message that we carried, as somebody would copy it to another message. */
function markerOf(message: Buffer): string {
  const fields = unfoldedHeader(message).split('\r\n');
  return fields.find((field) => field.startsWith('X-Mailferry-Id:')) ?? '';
}
