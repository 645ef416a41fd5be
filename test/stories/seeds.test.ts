import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { RunSummary } from '../../functions/api/run-summary.ts';
import { filesIn, reportsIn } from '../support/data-folder-files.ts';
import { makeScene } from '../support/provider-and-server.ts';
import type { Configuration, Scene, SceneOptions } from '../support/provider-and-server.ts';
import { sampleMessage, unfoldedHeader } from '../support/sample-message.ts';

/*
 * What the texts about the Microsoft Connector for POP3 Mailboxes say of recipients, each by the command
 * `mailferry run --once` between a scripted provider and a scripted mail server. Where the original fell short (Bcc,
 * split copies, filters), the test shows the original's case and what is done about it.
 */

type Block = Readonly<Record<string, unknown>>;

interface StoryOptions {
  readonly mails: SceneOptions['mails'];
  /** Settings of these mailboxes, over the usual ones. */
  readonly mailboxes?: Readonly<Record<string, Block>>;
  readonly general?: Block;
  /** The server refuses these addresses, with these words. */
  readonly refused?: Readonly<Record<string, string>>;
}

/** A scene that the command has run on once. */
interface Story {
  readonly scene: Scene;
  readonly messages: RunSummary['messages'];
  /** Whom the message of that subject reached, one entry a copy, in order of the address. */
  readonly arrived: (subject: string) => readonly string[];
  readonly header: (subject: string) => string;
}

async function run({ mails, mailboxes, general, refused }: StoryOptions): Promise<Story> {
  const configuration = (usual: Configuration): unknown => ({
    ...usual,
    ...general,
    mailboxes: Object.fromEntries(
      Object.entries(usual.mailboxes).map(([id, one]) => [id, { ...one, ...mailboxes?.[id] }]),
    ),
  });
  const scene = await makeScene({
    mails,
    configuration,
    smtp: {
      replies: (stage, { address }) => (stage === 'rcpt' ? refused?.[address] : undefined),
    },
  });
  const { summary } = await scene.runOnce();
  const named = (subject: string) =>
    scene.smtp.received.filter(({ data }) => subjectOf(data) === subject);
  return {
    scene,
    messages: summary.messages,
    arrived: (subject) =>
      named(subject)
        .flatMap(({ recipients }) => recipients)
        .toSorted(),
    header: (subject) => unfoldedHeader(named(subject)[0]?.data ?? Buffer.alloc(0)),
  };
}

function subjectOf(data: Buffer): string {
  return /^Subject: (.*)$/m.exec(data.toString('latin1'))?.[1] ?? '';
}

function reportsOf({ scene }: Story, mailbox: string) {
  return reportsIn(scene.data).filter((report) => report.mailbox === mailbox);
}

const GLOBAL = { type: 'global', deliverTo: null };
const POSTFIX = { recipientSource: ['postfix', 'to'] };
const ADMIN = ['admin@corp.example'];
const CHRIS = ['chris@corp.example'];
const KELLY = ['kelly@corp.example'];
const BOTH = [...CHRIS, ...KELLY];

const undisclosed = (subject: string, header: readonly string[] = []) =>
  sampleMessage('undisclosed-recipients:;', subject, { header });

describe('265739: Microsoft Exchange Connector for POP3 Mailboxes does not support Bcc', () => {
  let story: Story;
  beforeAll(async () => {
    const noted = ['X-Original-To: kelly@corp.example'];
    story = await run({
      mails: {
        everyone: [
          undisclosed('bcc'),
          sampleMessage('chris@corp.example', 'both', { header: ['Cc: kelly@corp.example'] }),
        ],
        office: [undisclosed('own')],
        postfix: [
          undisclosed('noted', noted),
          sampleMessage('chris@corp.example', 'beside', { header: noted }),
          sampleMessage('list@treyresearch.example', 'list', {
            header: [...noted, 'List-Id: <news.treyresearch.example>'],
          }),
        ],
        chris: [undisclosed('single'), sampleMessage('x@y.example', 'any')],
      },
      mailboxes: {
        office: { ...GLOBAL, undeliverable: 'pat@corp.example' },
        postfix: { ...GLOBAL, ...POSTFIX },
      },
      general: { undeliverable: 'chosen@corp.example' },
    });
  });
  afterAll(() => story.scene.close());

  test('a Bcc message of a global mailbox goes, whole, to the mailbox chosen for undeliverable mail', () => {
    expect(story.messages).toMatchObject({ fetched: 8, undeliverable: 2, failed: 0, held: 0 });
    expect(story.arrived('bcc')).toEqual(['chosen@corp.example']);
    expect(story.arrived('own')).toEqual(['pat@corp.example']);
    expect(story.header('bcc')).toContain('X-Mailferry-Undeliverable: no address in To or Cc');
  });

  test('a single-user mailbox gets its Bcc mail, as it gets all', () => {
    expect([story.arrived('single'), story.arrived('any')]).toEqual([CHRIS, CHRIS]);
  });

  test('recipients in both To and Cc of the same message do receive it', () => {
    expect(story.arrived('both')).toEqual(BOTH);
  });

  test('where the provider notes the recipient, Bcc and list mail arrive in a global mailbox too', () => {
    expect(story.arrived('noted')).toEqual(KELLY);
    expect(story.arrived('beside')).toEqual(KELLY);
    expect(story.arrived('list')).toEqual(KELLY);
  });
});

describe('325464: The POP3 Connector May Not Deliver Mail to Users', () => {
  const REFUSAL = '550 5.7.1 Unable to relay for recipient@contoso.example';
  let story: Story;
  beforeAll(async () => {
    const foreign = ['a@fabrikam.example', 'chris@a.branch.example', 'chris@evilcorp.example'];
    story = await run({
      mails: {
        everyone: [
          sampleMessage(`kelly@corp.example, ${foreign.join(', ')}`, 'mixed'),
          sampleMessage(foreign.join(', '), 'foreign'),
          undisclosed('noted', ['X-Original-To: a@fabrikam.example']),
          sampleMessage('c.miller@contoso.example', 'proxy'),
          sampleMessage('sales@contoso.example', 'chain'),
          sampleMessage('kelly@branch.corp.example', 'beneath'),
          sampleMessage('recipient@contoso.example, kelly@corp.example', 'refused'),
        ],
        chris: [sampleMessage('chris@msn.example', 'mapped')],
      },
      mailboxes: { everyone: POSTFIX },
      general: {
        domains: ['corp.example', 'contoso.example', '*.corp.example', 'branch.example'],
        aliases: {
          'sales@contoso.example': ['c.miller@contoso.example', 'kelly@corp.example'],
          'c.miller@contoso.example': ['chris@corp.example'],
        },
      },
      refused: { 'recipient@contoso.example': REFUSAL },
    });
  });
  afterAll(() => story.scene.close());

  test('of To and Cc the local recipients alone make the envelope: nothing is relayed, whatever names it', () => {
    expect(story.arrived('mixed')).toEqual(KELLY);
    expect(story.arrived('foreign')).toEqual(ADMIN);
    expect(story.arrived('noted')).toEqual(ADMIN);
  });

  test('every accepted domain is local, and proxy addresses lead to the primary one', () => {
    expect(story.arrived('proxy')).toEqual(CHRIS);
    expect(story.arrived('chain')).toEqual(BOTH);
    expect(story.arrived('beneath')).toEqual(['kelly@branch.corp.example']);
  });

  test('a user mailbox goes to the mapped address and not to that of the POP3 account', () => {
    expect(story.arrived('mapped')).toEqual(CHRIS);
  });

  test('where the server refuses to relay, the message is kept with the session, and the others have it', () => {
    expect(story.messages).toMatchObject({ fetched: 8, failed: 1, undeliverable: 2 });
    expect(story.arrived('refused')).toEqual(KELLY);
    const report = JSON.stringify(reportsOf(story, 'everyone'));
    expect(report).toContain('Unable to relay for recipient@contoso.example');
    expect(report).toContain('RCPT TO:<recipient@contoso.example>');
  });
});

describe('264249: POP3 Connector がメッセージを多重配信する', () => {
  const USERS = ['user1@corp.example', 'user2@corp.example'];
  /** One message as a host splits it: To, Cc and Message-ID as they were, a trace of its own. */
  const copy = (subject: string, user: string, noted: boolean) =>
    sampleMessage('ann@nwtraders.example', subject, {
      header: [
        ...(noted ? [`X-Original-To: ${user}@corp.example`] : []),
        `Received: from mx by mx.provider.example id ${user}; Mon, 2 Nov 2026 09:00:00 +0000`,
        `Cc: ${USERS.join(', ')}`,
      ],
    });
  const copies = (subject: string, noted: boolean) =>
    ['user1', 'user2'].map((user) => copy(subject, user, noted));
  let story: Story;
  beforeAll(async () => {
    story = await run({
      mails: {
        everyone: [
          ...copies('split', false),
          copy('late', 'user1', false),
          copy('single', 'all', false),
        ],
        noting: copies('noted', true),
        user1: [copy('own', 'user1', false)],
        user2: [copy('own', 'user2', false)],
      },
      mailboxes: { noting: { ...GLOBAL, ...POSTFIX } },
    });
  });
  afterAll(() => story.scene.close());

  test('copies that the host made for each recipient reach each one once', () => {
    expect(story.arrived('split')).toEqual(USERS);
    expect(story.messages).toMatchObject({ fetched: 8, delivered: 7, duplicate: 1, failed: 0 });
    expect(filesIn(story.scene.data, 'Incoming')).toEqual([]);
  });

  test('so they do where the host notes for whom each is, and no copy is thrown away', () => {
    expect(story.arrived('noted')).toEqual(USERS);
  });

  test('a host that makes a single message of it is no other case', () => {
    expect(story.arrived('single')).toEqual(USERS);
  });

  test('user mailboxes each get their own copy', () => {
    expect(story.arrived('own')).toEqual(USERS);
  });

  test('a copy that comes with a later run is one too', async () => {
    story.scene.pop3.addMail('everyone', copy('late', 'user2', false));
    const { summary } = await story.scene.runOnce();
    expect(summary.messages).toMatchObject({ fetched: 1, duplicate: 1, delivered: 0 });
    expect(story.arrived('late')).toEqual(USERS);
  });
});

describe('POP3 Connector overview: how mail flows, and past which filters', () => {
  const TRACE = [
    'Received: from mx.nwtraders.example ([192.0.2.7]) by mx.provider.example; Mon, 2 Nov 2026 09:00:00 +0000',
    'Authentication-Results: mx.provider.example; spf=pass',
    'DKIM-Signature: v=1; a=rsa-sha256; d=nwtraders.example; b=abc',
    'X-Spam-Status: No, score=1.2',
  ];
  const spam = (action: string) => ({ header: 'X-Spam-Status', value: 'yes', action });
  const judged = (subject: string, verdict: string) =>
    sampleMessage('chris@corp.example', subject, { header: [`X-Spam-Status: ${verdict}`] });
  let story: Story;
  beforeAll(async () => {
    story = await run({
      mails: {
        everyone: [
          Buffer.from('\0\r\r\n\xff: \x80\r\nTo\r\n: =?x?z?', 'latin1'),
          sampleMessage('chris@corp.example', 'trace', { header: TRACE }),
          judged('spam', 'Yes, score=9.1'),
          judged('ham', 'No, score=0 tests=BAYES_00'),
        ],
        holding: [judged('held', 'Yes, score=9.1')],
        lenient: [judged('let through', 'Yes, score=9.1')],
        nowhere: [undisclosed('nowhere')],
      },
      mailboxes: {
        holding: { ...GLOBAL, spam: spam('hold') },
        lenient: { ...GLOBAL, spam: spam('deliver') },
        nowhere: { ...GLOBAL, undeliverable: 'gone@corp.example' },
      },
      general: { spam: spam('undeliverable') },
      refused: { 'gone@corp.example': '550 5.1.1 no such user' },
    });
  });
  afterAll(() => story.scene.close());

  test('mail enters by SMTP with everything that a filter behind looks at', () => {
    for (const line of TRACE) expect(story.header('trace')).toContain(line);
    const trace = story.scene.smtp.received.find(({ data }) => subjectOf(data) === 'trace');
    expect(trace?.mailFrom).toBe('ann@nwtraders.example');
  });

  test('the verdict of the provider’s filter counts as it is configured', () => {
    expect(story.arrived('spam')).toEqual(ADMIN);
    expect(story.arrived('ham')).toEqual(CHRIS);
    expect(story.arrived('held')).toEqual([]);
    expect(story.arrived('let through')).toEqual(CHRIS);
    expect(story.messages).toMatchObject({ fetched: 7, held: 1, undeliverable: 2 });
    expect(reportsOf(story, 'holding')).toMatchObject([{ reason: 'held' }]);
  });

  test('a message that cannot be taken apart does not stay behind, and stops no other', () => {
    expect(story.arrived('')).toEqual(ADMIN);
    expect(filesIn(story.scene.data, 'Incoming')).toEqual([]);
  });

  test('mail that even the undeliverable mailbox refuses is kept; nobody outside is written to', () => {
    expect(story.messages).toMatchObject({ failed: 1 });
    expect(reportsOf(story, 'nowhere')).toMatchObject([{ reason: 'refused' }]);
    const all = story.scene.smtp.received.flatMap(({ recipients }) => recipients);
    expect(all.filter((address) => !address.endsWith('@corp.example'))).toEqual([]);
  });
});

describe('Understanding the Microsoft Connector for POP3 Mailboxes', () => {
  let story: Story;
  beforeAll(async () => {
    story = await run({
      mails: {
        everyone: [
          sampleMessage('Chris <Chris@corp.example>', 'one'),
          sampleMessage('Kelly@corp.example', 'other', { header: ['Cc: chris@corp.example'] }),
          sampleMessage('everyone@corp.example', 'box'),
          sampleMessage('"Trey Research" <MailingList@treyresearch.NET>', 'list'),
          sampleMessage('chris@corp.example', 'copied', {
            header: ['Cc: =?utf-8?q?mailinglist=40treyresearch=2Enet?= <x@y.example>'],
          }),
          sampleMessage('other@treyresearch.net', 'unmatched'),
        ],
        staff: [sampleMessage('Staff@isp.example', 'group')],
      },
      mailboxes: {
        everyone: {
          ignore: ['everyone@corp.example'],
          rules: [
            {
              when: { any: 'mailinglist@TreyResearch.net' },
              deliverTo: ['kelly@corp.example'],
              expect: [{ to: 'mailinglist@treyresearch.net' }],
            },
          ],
        },
      },
    });
  });
  afterAll(() => story.scene.close());

  test('a user mailbox serves one mailbox, or a distribution group', () => {
    expect(story.arrived('group')).toEqual(['staff@corp.example']);
  });

  test('a global mailbox is read by To and Cc and forwarded to the mailboxes named there', () => {
    expect(story.arrived('one')).toEqual(['Chris@corp.example']);
    expect(story.arrived('other')).toEqual(['Kelly@corp.example', 'chris@corp.example']);
    expect(story.arrived('box')).toEqual(ADMIN);
  });

  test('a routing rule delivers what names no mailbox, by text in To or Cc; who is named keeps his copy', () => {
    expect(story.arrived('list')).toEqual(KELLY);
    expect(story.arrived('copied')).toEqual(BOTH);
    expect(story.arrived('unmatched')).toEqual(ADMIN);
  });
});
