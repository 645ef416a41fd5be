import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { StatusReport } from '../../functions/api/status.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { CommandResult } from '../support/mailferry-command.ts';
import { readSummary } from '../support/mailferry-run.ts';
import type { RunOnceResult } from '../support/mailferry-run.ts';
import { noticesAmong, withoutNotices } from '../support/own-notices.ts';
import { leaksIn, plantedPassword } from '../support/planted-secrets.ts';
import { makeSurroundings, onRequest, PASSWORD } from '../support/provider-and-server.ts';
import type { Surroundings } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { keyOf } from '../support/spooled-message.ts';

/** A place where Mailferry is installed, with what its user has there and no more. */
export interface StoryHost extends AsyncDisposable {
  /** Puts a configuration and its secrets in force, as the documentation of this host says. */
  configure(document: unknown, secrets: Readonly<Record<string, string>>): Promise<void>;
  /** `mailferry <words>` on this host. */
  command: (words: readonly string[]) => Promise<CommandResult>;
  /** What lies in `Failed/` for a message. */
  parked(key: MessageKey): Promise<ParkedMessage>;
  /** Installs the program anew over what is there. */
  update(): Promise<void>;
  /** Lets the first gap between two attempts pass; ends when `arrived`, or when that would have been long ago. */
  passFirstGap(arrived: () => boolean): Promise<void>;
  /** All that its processes wrote beside the answers of commands, and its ledger, by name; no mail. */
  traces(): Promise<ReadonlyMap<string, string | Buffer>>;
}

export interface ParkedMessage {
  readonly copy: Buffer;
  /** The parsed JSON file beside it. */
  readonly report: unknown;
}

/** A bound, not a measure: where a service runs, `fetch` follows the mailbox alone, and delivery comes after it. */
const DELIVERED = { timeout: 20_000, interval: 50 } as const;
const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;
const SUBJECT = 'subject-of-nobody-else-5e1f';
const BODY = 'A body that nobody else shall read 77c3.';
const REFUSED = sampleMessage('gone@corp.example', SUBJECT, { id: 'refused', body: BODY });

/**
 * One day of a connector, told by its commands, its provider and its mail server; each test goes on where the one
 * before it ended. Not one line knows the host: what differs between two hosts shows here as a failure.
 */
export function hostStory(name: string, makeHost: () => Promise<StoryHost>): void {
  describe(`${name} carries mail`, () => {
    let scene: Surroundings;
    let host: StoryHost;
    let busy = true;
    let isGone = true;
    /** All that commands printed. */
    let printed = '';

    beforeAll(async () => {
      scene = await makeSurroundings({
        mails: {
          chris: [sampleMessage('chris@provider.example', 'one')],
          everyone: [
            sampleMessage('kelly@corp.example, bob@other.example', 'two'),
            sampleMessage('bob@other.example', 'three'),
            REFUSED,
            sampleMessage('busy@corp.example', SUBJECT, { id: 'later', body: BODY }),
          ],
        },
        smtp: {
          replies: (stage, { address }) => {
            if (stage !== 'rcpt') return undefined;
            if (address === 'gone@corp.example' && isGone) return '550 5.1.1 no such user here';
            return address === 'busy@corp.example' && busy ? '451 4.2.1 mailbox busy' : undefined;
          },
        },
        // By themselves the mailboxes would be fetched by the first tick, before anybody asks.
        configuration: onRequest,
      });
      host = await makeHost();
      const { command } = host;
      host.command = async (words) => {
        const result = await command(words);
        printed += result.stdout + result.stderr;
        return result;
      };
      await host.configure(scene.configured, { provider: PASSWORD });
    });

    afterAll(async () => {
      await host[Symbol.asyncDispose]();
      await scene.close();
    });

    async function status(): Promise<{ code: number | null; report: StatusReport }> {
      const { status: code, stdout, stderr } = await host.command(['status', '--json']);
      try {
        return { code, report: JSON.parse(stdout) as StatusReport };
      } catch {
        throw new Error(`expected a status as JSON, got ${JSON.stringify(stdout)}; ${stderr}`);
      }
    }

    async function runOnce(): Promise<RunOnceResult> {
      return readSummary(await host.command(['run', '--once', '--json']));
    }

    const receivedBy = (address: string) =>
      withoutNotices(scene.smtp.received).filter(({ recipients }) => recipients.includes(address));

    test('check and status before the first run: well, and nothing was connected to', async () => {
      expect(await host.command(['check', '--json'])).toMatchObject({ status: 0 });
      const { code, report } = await status();
      expect(code).toBe(0);
      expect(report).toMatchObject({
        mailboxes: [
          { id: 'chris', status: 'never', lastRun: null, error: null },
          { id: 'everyone', status: 'never', lastRun: null, error: null },
        ],
        ...{ open: 0, failed: 0, problems: [] },
      });
      expect(scene.pop3.connections).toBe(0);
    });

    test('run --once: a user mailbox and a global one, each message to whom it is for', async () => {
      const { status: code, summary } = await runOnce();
      expect(code).toBe(1);
      expect(summary.mailboxes).toMatchObject([
        { id: 'chris', status: 'ok', fetched: 1, left: 0, error: null },
        { id: 'everyone', status: 'ok', fetched: 4, left: 0, error: null },
      ]);
      expect(summary.messages).toEqual({
        ...{ fetched: 5, carried: 0, deferred: 1, failed: 1, held: 0 },
        ...{ undeliverable: 1, delivered: 2, duplicate: 0 },
      });
      expect(scene.pop3.mails('chris')).toEqual([]);
      expect(scene.pop3.mails('everyone')).toEqual([]);
      expect(receivedBy('chris@corp.example')).toHaveLength(1);
      expect(receivedBy('kelly@corp.example')).toHaveLength(1);
      expect(receivedBy('admin@corp.example')).toHaveLength(1);
      expect(receivedBy('bob@other.example')).toEqual([]);
      const [got] = receivedBy('kelly@corp.example');
      expect(got?.data.toString('latin1')).toMatch(/\r\n\r\nAbout two\.\r\n$/);
    });

    test('the refused message lies in Failed/ with its report, and explain reads it there', async () => {
      const key = keyOf('everyone', REFUSED);
      const { copy, report } = await host.parked(key);
      expect(copy.equals(REFUSED)).toBe(true);
      expect(report).toMatchObject({
        ...{ key: formatKey(key), mailbox: 'everyone', reason: 'refused', size: REFUSED.length },
        explanation: `gone@corp.example was refused: "550 5.1.1 no such user here" from 127.0.0.1:${scene.smtp.port}`,
        recipients: [
          {
            ...{ address: 'gone@corp.example', source: 'To', state: 'failed', attempts: 1 },
            ...{ code: 550, enhancedCode: '5.1.1', reply: 'no such user here' },
          },
        ],
      });
      expect(JSON.stringify(report)).not.toContain(PASSWORD);
      const explained = await host.command(['explain', '--key', formatKey(key), '--json']);
      expect(explained.status).toBe(0);
      expect(JSON.parse(explained.stdout)).toMatchObject({
        outcome: 'deliver',
        recipients: [{ address: 'gone@corp.example', source: 'To' }],
      });
    });

    test('an update keeps what waits and what failed; what waits is sent after its gap, once', async () => {
      // The notice about it is on its way, or has been delivered.
      await expect
        .poll(status, DELIVERED)
        .toMatchObject({ code: 1, report: { open: 1, failed: 1 } });
      const [notice, ...others] = noticesAmong(scene.smtp.received);
      expect(notice).toMatchObject({ mailFrom: '', recipients: ['admin@corp.example'] });
      expect(notice?.data.toString()).toContain('Status: 5.1.1');
      expect(others).toEqual([]);
      await host.update();
      busy = false;
      await host.passFirstGap(() => receivedBy('busy@corp.example').length > 0);
      expect(receivedBy('busy@corp.example')).toHaveLength(1);
      const { status: code, summary } = await runOnce();
      expect(code).toBe(0);
      expect(summary.messages).toMatchObject({ fetched: 0, deferred: 0 });
      // What lies in Failed/ is not well until somebody looked at it.
      const after = await status();
      expect(after.code).toBe(1);
      expect(after.report).toMatchObject({
        mailboxes: [
          { id: 'chris', status: 'ok', lastSuccess: isoTime },
          { id: 'everyone', status: 'ok', lastSuccess: isoTime },
        ],
        ...{ open: 0, failed: 1, problems: [] },
      });
    });

    test('fetch now, of one mailbox', async () => {
      const before = scene.pop3.logins.length;
      scene.pop3.addMail('chris', sampleMessage('chris@provider.example', 'asked for'));
      const { status: code, stdout } = await host.command(['fetch', 'chris', '--json']);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ mailboxes: [{ id: 'chris', status: 'ok' }] });
      expect(scene.pop3.logins.slice(before).map(({ user }) => user)).toEqual(['chris']);
      expect(scene.pop3.mails('chris')).toEqual([]);
      await expect.poll(() => receivedBy('chris@corp.example').length, DELIVERED).toBe(2);
      const unknown = await host.command(['fetch', 'nobody']);
      expect(unknown.status).toBe(2);
      expect(unknown.stderr).toContain('got nobody');
    });

    test('a failed message is traced, listed, and tried again when the reason is gone', async () => {
      const key = formatKey(keyOf('everyone', REFUSED));
      const asked = async (...words: string[]) => {
        const { status: code, stdout } = await host.command([...words, '--json']);
        return { code, document: JSON.parse(stdout) as unknown };
      };
      const traced = { key, state: 'failed', stored: 'Failed', recipients: [{ code: 550 }] };
      expect(await asked('trace', 'gone@corp.example')).toMatchObject({
        ...{ code: 1, document: { messages: [traced] } },
      });
      expect(await asked('failed', 'list')).toMatchObject({
        ...{ code: 1, document: { messages: [{ key, state: 'failed', reason: 'refused' }] } },
      });
      const recipients = ['gone@corp.example'];
      const order = ['failed', 'retry', '--reason', '5.1.1'];
      expect(await asked(...order, '--dry-run')).toMatchObject({
        ...{ code: 0, document: { messages: [{ key, outcome: 'done', recipients }] } },
      });
      expect(receivedBy('gone@corp.example')).toEqual([]);
      isGone = false;
      expect(await asked('failed', 'retry', key)).toMatchObject({
        ...{ code: 0, document: { messages: [{ key, outcome: 'done', state: 'sent' }] } },
      });
      expect(receivedBy('gone@corp.example')).toHaveLength(1);
      await expect
        .poll(() => asked('failed', 'list'), DELIVERED)
        .toMatchObject({ code: 0, document: { messages: [] } });
      expect(await asked('trace', key)).toMatchObject({ code: 0 });
    });

    test('nobody got anything twice', () => {
      const deliveries = withoutNotices(scene.smtp.received).map(({ recipients, data }) =>
        JSON.stringify([recipients, /^Message-ID: .*$/im.exec(data.toString('latin1'))?.[0]]),
      );
      expect(deliveries).toHaveLength(6);
      expect(new Set(deliveries).size).toBe(deliveries.length);
    });

    test('no password, no Subject and no body stands in what was printed, logged or recorded', async () => {
      const places = new Map([...(await host.traces()), ['what commands printed', printed]]);
      const planted = [
        ...plantedPassword('the password of chris', 'chris', PASSWORD),
        ...plantedPassword('the password of everyone', 'everyone', PASSWORD),
        { name: 'the Subject', text: SUBJECT },
        { name: 'the body', text: BODY },
      ];
      expect(leaksIn(places, planted)).toEqual([]);
      // Ledger and log are among them, with what they may have.
      const all = [...places.values()].map((one) => one.toString('latin1')).join('\n');
      expect(all).toContain(keyOf('everyone', REFUSED).sha256);
      expect(all).toContain('message finished');
    });
  });
}
