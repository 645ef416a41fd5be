import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { makeScene } from '../support/provider-and-server.ts';
import type { Configuration, Scene } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { keyOf } from '../support/spooled-message.ts';

const noted = (who: string, subject: string) =>
  sampleMessage('list@treyresearch.example', subject, {
    header: [`X-Original-To: ${who}@corp.example`, 'Delivered-To: everyone@corp.example'],
  });
const FIRST = noted('chris', 'first');

/**
 * `mailferry explain` on the way from a wrong setting to the right one: what the newest messages show, what was
 * decided, and what would be decided now. What this does not prove: the decisions themselves (test/corpus).
 */
describe('finding the right recipientSource', () => {
  let scene: Scene;
  let usual: Configuration;

  beforeAll(async () => {
    scene = await makeScene({
      mails: { everyone: [FIRST, noted('kelly', 'second')] },
      configuration: (configuration) => {
        usual = configuration;
        return withSource(['to']);
      },
    });
  });
  afterAll(() => scene.close());

  function withSource(recipientSource: unknown): unknown {
    const everyone = { ...usual.mailboxes['everyone'], keep: 'forever', recipientSource };
    return { ...usual, mailboxes: { everyone } };
  }

  const explain = (...words: string[]) => scene.command(['explain', ...words]);

  test('--last shows every candidate field with its value and suggests the one that fits', async () => {
    const { status, stderr } = await explain('--mailbox', 'everyone', '--last', '5');
    expect(status).toBe(0);
    expect(stderr).toContain('X-Original-To: chris@corp.example');
    expect(stderr).toContain('Delivered-To: everyone@corp.example');
    expect(stderr).toContain('To: list@treyresearch.example');
    expect(stderr).toContain(
      'Suggestion: recipientSource: [{ header: X-Original-To, position: 1 }, to] (the preset postfix)',
    );
    expect(stderr).toContain('in 2 of 2 messages: chris@corp.example, kelly@corp.example');
  });

  test('--last --json has it with each message', async () => {
    const { stdout } = await explain('--mailbox', 'everyone', '--last', '1', '--json');
    expect(JSON.parse(stdout)).toMatchObject([
      {
        number: 2,
        candidates: [
          { header: 'X-Original-To', value: 'kelly@corp.example', position: 1, of: 1 },
          { header: 'Delivered-To' },
          { header: 'To' },
        ],
        outcome: 'undeliverable',
        reason: 'no recipient among the addresses in To and Cc (1 domain not accepted)',
        suggestion: {
          source: '{ header: X-Original-To, position: 1 }',
          preset: 'postfix',
          ...{ messages: 1, of: 1 },
        },
      },
    ]);
  });

  test('check prints what a preset stands for, in words and as JSON', async () => {
    await scene.runOnce();
    scene.configure(withSource('postfix'));
    const words = await scene.command(['check']);
    expect(words.stderr).toContain(
      'mailboxes.everyone.recipientSource: postfix is { header: X-Original-To, position: 1 }',
    );
    const json = await scene.command(['check', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      ok: true,
      presets: [{ preset: 'postfix', sources: ['{ header: X-Original-To, position: 1 }'] }],
    });
  });

  test('--last says when the source is the one that is configured', async () => {
    const { stderr } = await explain('--mailbox', 'everyone', '--last', '5');
    expect(stderr).toContain('Configured already, and the best by these messages');
    expect(stderr).toContain('X-Original-To (topmost): 1 address, decides');
  });

  test('--key shows a carried message as it was decided, though it has left the store', async () => {
    const key = `everyone/${keyOf('everyone', FIRST).sha256}`;
    const { status, stdout } = await explain('--key', key, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'undeliverable',
      recipients: [{ address: 'admin@corp.example', source: 'undeliverable' }],
      decidedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      // What would be decided now nobody can say: the message is not here any more.
      now: null,
    });
    const words = await explain('--key', key);
    expect(words.stderr).toMatch(/^Decided \d{4}-/m);
    expect(words.stderr).toContain(
      'Why: no recipient among the addresses in To and Cc (1 domain not accepted)',
    );
  });

  test('--key of a message in Failed/ shows what the configuration would decide now', async () => {
    const spam = sampleMessage('list@treyresearch.example', 'judged', {
      header: ['X-Spam-Flag: YES', 'X-Original-To: kelly@corp.example'],
    });
    scene.configure({
      ...(withSource('postfix') as object),
      spam: { header: 'X-Spam-Flag', value: 'YES', action: 'hold' },
    });
    scene.pop3.addMail('everyone', spam);
    expect((await scene.runOnce()).summary.messages).toMatchObject({ held: 1 });
    const key = `everyone/${keyOf('everyone', spam).sha256}`;
    const same = await explain('--key', key, '--json');
    expect(JSON.parse(same.stdout)).toMatchObject({
      outcome: 'held',
      warnings: ['spam rule: X-Spam-Flag says YES'],
      now: null,
    });
    scene.configure(withSource('postfix'));
    const other = await explain('--key', key, '--json');
    expect(JSON.parse(other.stdout)).toMatchObject({
      outcome: 'held',
      now: { outcome: 'deliver', recipients: [{ address: 'kelly@corp.example' }] },
    });
  });

  test('--key of a message that is nowhere is status 2', async () => {
    const { status, stderr } = await explain('--key', `everyone/${'0'.repeat(64)}`);
    expect(status).toBe(2);
    expect(stderr).toContain('found none');
  });
});

/** Whatever the newest messages are like, and however the provider gives them. What it takes of memory is not measured. */
describe('the newest messages of a provider without TOP', () => {
  let scene: Scene;
  const foreign = Array.from({ length: 3000 }, (_, at) => `somebody-${at}@elsewhere.example`);
  const traced = Array.from({ length: 300 }, (_, at) => `Received: from ${at} by y.example; d`);

  beforeAll(async () => {
    scene = await makeScene({
      mails: {
        everyone: [
          sampleMessage('chris@corp.example', 'long', {
            header: Array.from({ length: 9 }, () => `X-Long: ${'x'.repeat(1024 * 1024)}`),
          }),
          sampleMessage(foreign.join(',\r\n '), 'many', {
            header: ['X-Original-To: kelly@corp.example', ...traced],
          }),
          sampleMessage('chris@corp.example', 'body', {
            header: ['Delivered-To: \u001b[2Jx\u202e\t@corp.example'],
            body: 'To: x@y.example\r\n'.repeat(99_999),
          }),
        ],
      },
      faults: { noTop: true },
    });
  });
  afterAll(() => scene.close());

  test('are explained one by one, with long values and long lists cut short', async () => {
    const words = ['explain', '--mailbox', 'everyone', '--last', '3'];
    const { stdout } = await scene.command([...words, '--json']);
    const [long, many, body] = JSON.parse(stdout) as {
      readonly candidates: readonly { readonly header: string; readonly value: string }[];
      readonly candidatesLeftOut: number;
    }[];
    expect(long).toMatchObject({
      outcome: 'held',
      warnings: ['the header block is longer than 8 MiB'],
      candidates: [],
    });
    expect(many).toMatchObject({ outcome: 'held', candidatesLeftOut: 102 });
    expect(many?.candidates).toHaveLength(200);
    const to = many?.candidates.find(({ header }) => header === 'To');
    expect(to?.value).toMatch(
      /^somebody-0@elsewhere.example, .{400,480}… \(\d{5,} octets in all\)$/,
    );
    expect(body?.candidates).toMatchObject([
      // What would clear the screen, or turn round what stands behind it, is not printed.
      { header: 'Delivered-To', value: '?[2Jx? @corp.example' },
      { header: 'To', value: 'chris@corp.example' },
    ]);
    const { stderr } = await scene.command(words);
    expect(stderr).toContain('  and 102 more such fields between');
    expect(stderr).toContain('Why: the header block is longer than 8 MiB');
  });
});
