import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, describe, expect, it } from 'vitest';

import { chosenSeed } from '../support/chosen-seed.ts';
import { startDovecot, type Dovecot } from '../support/dovecot.ts';
import { asSentBySmtp } from '../support/line-ends.ts';
import { install, runOnce, startRunOnce, type Installation } from '../support/mailferry-run.ts';
import { startPostfix, type Postfix, type PostfixDelivery } from '../support/postfix.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { differenceOf } from './carried-mail.ts';
import { tokenOf, variedMail, type VariedMail } from './varied-mail.ts';

const KILLS = 25;
/**
 * A run may end before its moment comes and then counts as no kill, and 25 may all fall before or after the work: these
 * are enough.
 */
const ATTEMPTS = 75;
const MAILS_IN_EACH = 150;
/** New mail before each run, in each of both mailboxes, so that there is always something to interrupt. */
const NEW_IN_EACH = 4;
const CONCURRENCY = 2;
const UNDELIVERABLE = 'admin@corp.example';
const SALES = 'sales@corp.example';
const MAILBOXES = ['everyone', 'sales'] as const;

function configuration(dovecot: Dovecot, postfix: Postfix): unknown {
  const mailbox = (id: string): Record<string, unknown> => ({
    ...{ host: dovecot.host, port: dovecot.port, tls: 'none', auth: 'plain' },
    ...{ username: id, password: { secret: 'both' }, keep: 'none' },
  });
  return {
    domains: ['corp.example'],
    undeliverable: UNDELIVERABLE,
    delivery: {
      transport: 'smtp',
      smtp: { host: postfix.host, port: postfix.port, tls: 'none' },
      concurrency: CONCURRENCY,
    },
    mailboxes: {
      everyone: { type: 'global', ...mailbox('everyone') },
      sales: { type: 'user', ...mailbox('sales'), deliverTo: [SALES] },
    },
  };
}

/** Mail that has not yet come to the provider, by mailbox. */
type Coming = Record<(typeof MAILBOXES)[number], VariedMail[]>;

function someMailComes(dovecot: Dovecot, coming: Coming): void {
  for (const mailbox of MAILBOXES) {
    for (const { octets } of coming[mailbox].splice(0, NEW_IN_EACH))
      dovecot.addMail(mailbox, octets);
  }
}

/** Starts a run and kills it after `ms`. @returns whether it was still running then */
async function killAfter(installation: Installation, ms: number): Promise<boolean> {
  const { child, result } = startRunOnce(installation);
  await Promise.race([pause(ms), result]);
  child.kill('SIGKILL');
  return (await result).signal === 'SIGKILL';
}

async function durationOfRun(installation: Installation): Promise<number> {
  const from = performance.now();
  const { status, stderr } = await runOnce(installation);
  expect(status, stderr).toBe(0);
  return performance.now() - from;
}

/** Messages of `come` that lie neither at the provider nor at the destination: the program has them in hand. */
async function onTheWay(dovecot: Dovecot, postfix: Postfix, come: number): Promise<number> {
  const waiting = MAILBOXES.reduce((sum, mailbox) => sum + dovecot.remaining(mailbox).length, 0);
  return come - waiting - (await postfix.delivered()).length;
}

interface Tally {
  readonly faults: readonly string[];
  /** Deliveries of a message beyond its first. */
  readonly secondCopies: number;
}

/** By what a delivered message is known: its token, or, for the empty one of each mailbox, its recipient. */
function mark({ recipient, data }: PostfixDelivery): string {
  return tokenOf(data) || recipient;
}

function expectedMark({ token, octets }: VariedMail): string {
  if (octets.length > 0) return token;
  return token.startsWith('token-sales-') ? SALES : UNDELIVERABLE;
}

function tally(mails: readonly VariedMail[], arrivals: readonly PostfixDelivery[]): Tally {
  const byMark = Map.groupBy(arrivals, mark);
  const faults = mails.flatMap((mail) => {
    const copies = byMark.get(expectedMark(mail)) ?? [];
    if (copies.length === 0) return [`${mail.kind} (${mail.token}): did not arrive`];
    return copies
      .map(({ data }) => differenceOf(mail.octets, asSentBySmtp(data)))
      .filter((difference) => difference !== null)
      .map((difference) => `${mail.kind} (${mail.token}): ${difference}`);
  });
  return { faults, secondCopies: arrivals.length - mails.length };
}

describe('mailferry run --once', () => {
  const stops: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function prepare(): Promise<{
    dovecot: Dovecot;
    postfix: Postfix;
    installation: Installation;
  }> {
    const postfix = await startPostfix({ domains: ['corp.example'] });
    stops.push(() => postfix.stop());
    const user = { password: 'secret', mails: [] };
    const dovecot = await startDovecot({ users: { everyone: user, sales: user } });
    stops.push(() => dovecot.stop());
    const scratch = makeScratchFolder('crash');
    stops.push(() => {
      scratch.remove();
    });
    const settings = configuration(dovecot, postfix);
    const installation = install(join(scratch.path, 'mailferry'), settings, { both: 'secret' });
    return { dovecot, postfix, installation };
  }

  it('loses nothing when it is killed at any moment', async () => {
    const seed = chosenSeed();
    process.stdout.write(`crash: seed ${seed}\n`);
    const random = seededRandom(seed);
    const coming = {
      everyone: variedMail(random, MAILS_IN_EACH, 'everyone'),
      sales: variedMail(random, MAILS_IN_EACH, 'sales'),
    };
    const all = [...coming.everyone, ...coming.sales];
    const { dovecot, postfix, installation } = await prepare();

    someMailComes(dovecot, coming);
    const duration = await durationOfRun(installation);
    let kills = 0;
    let interrupted = 0;
    const isEnough = (): boolean => kills >= KILLS && interrupted > 0;
    for (let attempt = 0; attempt < ATTEMPTS && !isEnough(); attempt += 1) {
      someMailComes(dovecot, coming);
      // At any moment, and rather late: a third of a run is its start.
      if (!(await killAfter(installation, Math.sqrt(random()) * duration))) continue;
      kills += 1;
      const come = all.length - coming.everyone.length - coming.sales.length;
      if ((await onTheWay(dovecot, postfix, come)) !== 0) interrupted += 1;
    }
    expect(kills).toBeGreaterThanOrEqual(KILLS);
    // Kills that all fell before or after the work would have proved nothing.
    expect(interrupted).toBeGreaterThan(0);
    while (coming.everyone.length > 0) someMailComes(dovecot, coming);

    const { status, summary, stderr } = await runOnce(installation);
    expect(status, stderr).toBe(0);
    expect(summary.mailboxes).toMatchObject(MAILBOXES.map((id) => ({ id, status: 'ok', left: 0 })));
    expect(summary.messages).toMatchObject({ deferred: 0, failed: 0, held: 0 });
    for (const mailbox of MAILBOXES) expect(dovecot.remaining(mailbox)).toEqual([]);

    const { faults, secondCopies } = tally(all, await postfix.delivered());
    process.stdout.write(
      `crash: ${kills} kills, ${interrupted} of them with mail in hand, ${all.length} messages, ${secondCopies} second copies\n`,
    );
    expect(faults).toEqual([]);
    // The one window for a second copy lies between the final dot and the ledger's record of the reply: at most
    // one message a connection can be in it when the program dies.
    expect(secondCopies).toBeGreaterThanOrEqual(0);
    expect(secondCopies).toBeLessThanOrEqual(kills * CONCURRENCY);

    const after = await runOnce(installation);
    expect(after.summary.messages).toMatchObject({ fetched: 0, carried: 0 });
  });
});
