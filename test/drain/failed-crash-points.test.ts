import { beforeAll, describe, expect, test } from 'vitest';

import { listFailed } from '../../functions/api/failed-mail.ts';
import { removeFailed } from '../../functions/api/remove-failed.ts';
import { retryFailed } from '../../functions/api/retry-failed.ts';
import { carryDue } from '../../infra/local/drain.ts';
import type { EmbeddedDeps } from '../../infra/local/embedded.ts';
import { runOnce } from '../../infra/local/run-once.ts';
import { CrashPlan } from '../support/crash-plan.ts';
import { openCrashing } from '../support/crashing-host.ts';
import type { TestHost } from '../support/crashing-host.ts';
import { filesIn } from '../support/data-folder-files.ts';
import { withoutNotices } from '../support/own-notices.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { sampleSettings } from '../support/sample-settings.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import { keyOf } from '../support/spooled-message.ts';

const NEVER = new AbortController().signal;
const MESSAGE = sampleMessage('chris@corp.example, gone@corp.example', 'refused');
const KEYS = [`everyone/${keyOf('everyone', MESSAGE).sha256}`];
const FILTER = { mailbox: null, since: null, reason: null };

type Order = (deps: EmbeddedDeps) => Promise<unknown>;

const ORDERS: Readonly<Record<string, Order>> = {
  retry: (deps) => retryFailed(deps, { keys: KEYS, filter: FILTER, rules: 'kept', dryRun: false }),
  'retry --rules current': (deps) =>
    retryFailed(deps, { keys: KEYS, filter: FILTER, rules: 'current', dryRun: false }),
  remove: (deps) =>
    removeFailed(deps, { keys: KEYS, filter: FILTER, by: 'kim@mail', dryRun: false }),
};

/**
 * The program dies at every single call that an order about a failed message makes to a port, before it and after it.
 * Nobody gives the order again: the message is failed as it was, or the order is carried out whole. Somebody does: it
 * is carried out, once. Who had the message gets no second copy.
 */
describe.each(Object.entries(ORDERS))('a crash at every port call of failed %s', (name, order) => {
  let clean: readonly string[] = [];

  beforeAll(async () => {
    const world = await makeWorld(order);
    try {
      const plan = new CrashPlan(Infinity, 'before');
      await world.carryOut(plan);
      clean = plan.calls;
    } finally {
      await world.close();
    }
  });

  test('the clean order makes calls to die at', () => {
    expect(clean.length).toBeGreaterThan(name === 'remove' ? 4 : 12);
  });

  for (const when of ['before', 'after'] as const) {
    test(`${when} each call`, async () => {
      const points = clean.map((_, index) => index + 1);
      const lane = async (): Promise<void> => {
        for (let at = points.shift(); at !== undefined; at = points.shift()) await dieAt(at, when);
      };
      await Promise.all(Array.from({ length: 8 }, lane));
    }, 120_000);
  }

  async function dieAt(at: number, when: 'before' | 'after'): Promise<void> {
    const world = await makeWorld(order);
    try {
      const plan = new CrashPlan(at, when);
      await world.carryOut(plan);
      const where = `died ${when} call ${at}, ${plan.calls[at - 1] ?? 'none'}`;
      // The program starts again, as it does every day.
      await world.run();
      expect(['as it was', 'carried out'], where).toContain(await world.state());
      await world.carryOut(new CrashPlan(Infinity, 'before'));
      expect(await world.state(), where).toBe('carried out');
      expect(world.copies('chris@corp.example'), where).toBe(1);
      if (name === 'remove') expect(world.copies('gone@corp.example'), where).toBe(0);
      // The one window: the server's reply was not written down.
      else expect(world.copies('gone@corp.example'), where).toBeLessThanOrEqual(2);
    } finally {
      await world.close();
    }
  }
});

/** A message that one of two recipients was refused, on a host of its own; the refusal is mended. */
async function makeWorld(order: Order) {
  const folder = makeScratchFolder('failed-crash');
  let refusing = true;
  const pop3 = await startPop3Server({
    users: {
      chris: { password: 'secret', mails: [] },
      everyone: { password: 'secret', mails: [MESSAGE] },
    },
  });
  const smtp = await startSmtpServer({
    replies: (stage, { address }) =>
      refusing && stage === 'rcpt' && address === 'gone@corp.example'
        ? '550 5.1.1 unknown'
        : undefined,
  });
  const settings = sampleSettings({ pop3: pop3.port, smtp: smtp.port });
  const under = async <Result>(
    plan: CrashPlan,
    work: (host: TestHost) => Promise<Result>,
  ): Promise<Result | null> => {
    const host = await openCrashing(folder.path, settings, plan);
    const working = work(host).catch((error: unknown) => {
      if (!plan.isDead) throw error;
      return null;
    });
    const result = await Promise.race([working, plan.died.then(() => null)]);
    await host.tearDown();
    return result;
  };
  const whole = <Result>(work: (host: TestHost) => Promise<Result>) =>
    under(new CrashPlan(Infinity, 'before'), work);
  const run = () => whole(({ embedded }) => runOnce(embedded, [], NEVER));
  const copies = (address: string) =>
    withoutNotices(smtp.received).filter(({ recipients }) => recipients.includes(address)).length;
  await run();
  refusing = false;
  return {
    run,
    copies,
    carryOut: (plan: CrashPlan) =>
      under(plan, async ({ embedded }) => {
        await order(embedded.deps);
        await carryDue(embedded, NEVER);
      }),
    async state(): Promise<string> {
      const listed = await whole(async ({ embedded: { deps } }) => ({
        entries: (await listFailed(deps, FILTER)).map(({ entry }) => entry),
        underWay: (await deps.retries.underWay()).length,
      }));
      const failed = filesIn(folder.path, 'Failed').length;
      const [entry] = listed?.entries ?? [];
      const left = filesIn(folder.path, 'Incoming').length + (listed?.underWay ?? 0);
      if (left > 0) return `${left} left`;
      if (entry === undefined) return failed === 0 ? 'carried out' : `${failed} files are left`;
      return entry.state === 'failed' && failed === 2 ? 'as it was' : entry.state;
    },
    async close() {
      await pop3.close();
      await smtp.close();
      folder.remove();
    },
  };
}
