import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';

import { beforeAll, describe, expect, test } from 'vitest';

import { runOnce } from '../../infra/local/run-once.ts';
import { sqliteLedger } from '../../shared/ledger/sqlite-ledger.ts';
import { Database } from '../../shared/sqlite/database.ts';
import { CrashPlan } from '../support/crash-plan.ts';
import { openCrashing } from '../support/crashing-host.ts';
import { sampleSettings } from '../support/sample-settings.ts';
import { makeScratchFolder, memoryFolder } from '../support/scratch-folder.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';

/**
 * The program dies at every single call that it makes to a port, before it and after it, and is started again.
 * I1, I2, I3 and I4 at each of these points: all mail arrives, nothing is left behind, and a second copy is only
 * ever seen where the crash fell between the server's reply and its record.
 * What this does not prove: loss of what the operating system had not written yet (that is the contract suite's
 * and the adapters' part), and dying within an adapter.
 */
describe('a crash at every port call', () => {
  const never = new AbortController().signal;
  let clean: readonly string[] = [];

  beforeAll(async () => {
    const world = await makeWorld();
    const plan = new CrashPlan(Infinity, 'before');
    await world.run(plan);
    clean = plan.calls;
    await world.expectAllArrived(0, 'clean run');
    await world.close();
  });

  test('the clean run makes calls to die at', () => {
    expect(clean.length).toBeGreaterThan(40);
    expect(new Set(clean).size).toBeGreaterThan(12);
  });

  for (const when of ['before', 'after'] as const) {
    test(`${when} each call: all arrives, nothing is left, no avoidable second copy`, async () => {
      const points = clean.map((_, index) => index + 1);
      // Each has a world of its own and waits for its disk most of the time.
      const lane = async (): Promise<void> => {
        for (let at = points.shift(); at !== undefined; at = points.shift()) await dieAt(at, when);
      };
      await Promise.all(Array.from({ length: 8 }, lane));
    }, 300_000);
  }

  async function dieAt(at: number, when: 'before' | 'after'): Promise<void> {
    const world = await makeWorld();
    try {
      const plan = new CrashPlan(at, when);
      await world.run(plan);
      const where = `died ${when} call ${at}, ${plan.calls[at - 1] ?? 'none'}`;
      await world.expectCustody(where);
      const unrecorded = await world.unrecorded();
      // One connection: no more than one message can be between the server's reply and its record.
      expect(unrecorded, where).toBeLessThanOrEqual(1);
      await world.run(new CrashPlan(Infinity, 'before'));
      await world.expectAllArrived(unrecorded, where);
    } finally {
      await world.close();
    }
  }

  /** Mail, servers and a data folder of their own for one crash. */
  async function makeWorld() {
    const folder = makeScratchFolder('crash', memoryFolder());
    const pop3 = await startPop3Server({
      users: {
        chris: { password: 'secret', mails: [mail('chris@provider.example', 'one')] },
        everyone: {
          password: 'secret',
          mails: [
            mail('chris@corp.example, gone@corp.example', 'two'),
            // Split by the provider: the same message once more, with another trace.
            mail(
              'chris@corp.example, gone@corp.example',
              'two',
              'Delivered-To: gone@corp.example\r\n',
            ),
            mail('list@other.example', 'three'),
          ],
        },
      },
    });
    const smtp = await startSmtpServer({
      replies: (stage, { address }) =>
        stage === 'rcpt' && address === 'gone@corp.example' ? '550 5.1.1 unknown' : undefined,
    });
    const settings = sampleSettings({ pop3: pop3.port, smtp: smtp.port });
    const incoming = async () => (await filesBelow(join(folder.path, 'Incoming'))).length;
    return {
      async run(plan: CrashPlan) {
        const host = await openCrashing(folder.path, settings, plan);
        const running = runOnce(host.embedded, [], never).catch((error: unknown) => {
          if (!plan.isDead) throw error;
        });
        await Promise.race([running, plan.died]);
        await host.tearDown();
      },
      /** I1: what is not on the provider's server any more lies in the store, or was delivered. */
      async expectCustody(where: string) {
        const files = await filesBelow(folder.path);
        const deleted = [...pop3.deletedBy('chris'), ...pop3.deletedBy('everyone')];
        const isKept = (octets: Buffer): boolean => {
          const sha256 = createHash('sha256').update(octets).digest('hex');
          return (
            files.some((file) => file.endsWith(`${sha256}.eml`)) ||
            smtp.received.some((one) => one.data.includes(sha256.slice(0, 12)))
          );
        };
        for (const octets of deleted) {
          // A copy that the provider split off ends where its twin is kept.
          const twins = deleted.filter((other) => messageId(other) === messageId(octets));
          expect(twins.some(isKept), `${where}: ${messageId(octets)} is nowhere`).toBe(true);
        }
      },
      /** Copies that the server took and the ledger does not know of. */
      async unrecorded(): Promise<number> {
        const recorded = await sentRecipients(folder.path);
        return smtp.received.flatMap((one) => one.recipients).length - recorded;
      },
      async expectAllArrived(repeats: number, where: string) {
        const copies = smtp.received.flatMap((one) => one.recipients).sort();
        expect(new Set(copies), where).toEqual(
          new Set(['admin@corp.example', 'chris@corp.example']),
        );
        expect(copies.length, where).toBeGreaterThanOrEqual(COPIES);
        expect(copies.length, where).toBeLessThanOrEqual(COPIES + repeats);
        expect(pop3.mails('chris').length + pop3.mails('everyone').length, where).toBe(0);
        expect(await incoming(), where).toBe(0);
        const failed = await filesBelow(join(folder.path, 'Failed'));
        expect(failed.map((file) => extname(file)).sort(), where).toEqual(['.eml', '.json']);
        expect(await filesBelow(join(folder.path, 'spool')), where).toEqual([]);
      },
      async close() {
        await pop3.close();
        await smtp.close();
        folder.remove();
      },
    };
  }
});

/** Chris twice (his own mailbox, and To of the second, which came in two copies), the administrator one and the notice about the refusal. */
const COPIES = 4;

function mail(to: string, subject: string, trace = ''): Buffer {
  return Buffer.from(
    `${trace}From: ann@nwtraders.example\r\nTo: ${to}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@x.example>\r\n\r\n${subject}\r\n`,
  );
}

function messageId(message: Buffer): string {
  return /^Message-ID: (.*)\r$/m.exec(message.toString('latin1'))?.[1] ?? '';
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

async function sentRecipients(folder: string): Promise<number> {
  const database = new Database(join(folder, 'mailferry.sqlite'));
  try {
    const keys = database.all('SELECT mailbox, sha256 FROM message').map((row) => ({
      mailbox: String(row['mailbox']),
      sha256: String(row['sha256']),
    }));
    const items = await sqliteLedger(database).messages.find(keys);
    return [...items.values()]
      .flatMap((item) => item.recipients)
      .filter((recipient) => recipient.state === 'sent').length;
  } finally {
    database.close();
  }
}
