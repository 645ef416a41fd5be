import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { chosenSeed } from '../support/chosen-seed.ts';
import { faultyPop3, FaultySmtp } from '../support/drain-faults.ts';
import { DrainJudge } from '../support/drain-judge.ts';
import { drainMails } from '../support/drain-mail.ts';
import { DrainStage } from '../support/drain-stage.ts';
import type { KillAfter } from '../support/drain-stage.ts';
import { startMiniStack } from '../support/ministack.ts';
import type { MiniStack } from '../support/ministack.ts';
import { mailboxFor, PASSWORD } from '../support/provider-and-server.ts';
import { scriptOf } from '../support/pop3-script.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';
import { seededRandom, wholeBetween } from '../support/seeded-random.ts';

const MESSAGES = 100;
const MAILBOXES = ['north', 'south'];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Or more, until one was killed and something was delivered: with bad luck no mailbox gets through in six. */
const FAULTY_ROUNDS = 6;
/** Rounds with faults end then at the latest. */
const FAULTY_UNTIL_MS = 120_000;
const CALM_ROUNDS = 12;
/** Of the calls amid faults. */
const KILLED = 0.4;

/**
 * The functions as they are bundled, on S3, SQS, DynamoDB and SSM of MiniStack, killed at a moment by chance while
 * provider and mail server go wrong by chance. The test stands in for Lambda and its event sources. What this does not
 * prove: that Lambda calls them so (deployed.test.ts), nor the times of AWS.
 */
describe('a hundred messages, faults, and functions that are killed', () => {
  const seed = chosenSeed();
  const scratch = makeScratchFolder('drain');
  let ministack: MiniStack;
  let pop3: ScriptedPop3Server;
  let smtp: ScriptedSmtpServer;
  let stage: DrainStage | null = null;

  beforeEach(async () => {
    ministack = await startMiniStack();
  });

  afterEach(async () => {
    stage?.close();
    await ministack.stop();
    await pop3.close();
    await smtp.close();
    scratch.remove();
  });

  test(`drain: everybody has his mail or it lies in Failed/ (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const mails = drainMails(random, MESSAGES, MAILBOXES);
    const faults = new FaultySmtp(seededRandom(seed + 1));
    smtp = await startSmtpServer({ replies: faults.replies });
    const users = MAILBOXES.map((mailbox) => {
      const own = mails.filter((mail) => mail.mailbox === mailbox);
      return [mailbox, { password: PASSWORD, mails: own.map(({ content }) => content) }] as const;
    });
    pop3 = await startPop3Server({ users: Object.fromEntries(users) });
    const configuration = configurationFor(pop3.port, smtp.port);
    stage = await DrainStage.make(ministack, scratch.path, configuration, { provider: PASSWORD });
    const judge = new DrainJudge(mails);
    let rounds = 0;
    let kills = 0;

    const round = async (on: DrainStage, killAfter: KillAfter): Promise<void> => {
      for (const mailbox of MAILBOXES) {
        const end = await on.fetch(mailbox, killAfter);
        if (end.kind === 'killed') kills += 1;
      }
      // What fell between two steps, and what waited for hours.
      await on.call('sweep', {}, () => null);
      kills += await on.work('route', killAfter);
      const killed = await on.work('deliver', killAfter);
      kills += killed;
      while (smtp.open() > 0) await pause(5);
      rounds += 1;
      const { received } = smtp;
      judge.round({ received, lost: faults.lost, underWay: killed }, await on.recorded(mails));
      expect(judge.faults.slice(0, 20), `after round ${rounds}, seed ${seed}`).toEqual([]);
    };
    const isDrained = async (on: DrainStage): Promise<boolean> =>
      MAILBOXES.every((mailbox) => pop3.mails(mailbox).length === 0) &&
      (await on.objects('Incoming/')).length === 0;

    const startedAt = performance.now();
    const hasShownLittle = (): boolean =>
      rounds < FAULTY_ROUNDS || kills === 0 || judge.delivered === 0;
    while (hasShownLittle() && performance.now() - startedAt < FAULTY_UNTIL_MS) {
      pop3.setScript(faultyPop3(random));
      await round(stage, (usualMs) => (random() < KILLED ? usualMs * (0.3 + random()) : null));
      stage.aheadMs += wholeBetween(random, 30 * MINUTE, 4 * HOUR);
    }
    const amidFaults = judge.delivered;
    faults.isWell = true;
    pop3.setScript(scriptOf({}));
    for (let calm = 0; calm < CALM_ROUNDS && !(await isDrained(stage)); calm += 1) {
      await round(stage, () => null);
      stage.aheadMs += 13 * HOUR;
    }

    const failed = await stage.failed();
    judge.end(failed);
    process.stdout.write(
      `seed ${seed}: ${rounds} rounds, ${kills} kills, ${judge.delivered} delivered (${amidFaults} amid faults), ${failed.size} failed, ${judge.inWindow} copies in the window\n`,
    );
    expect(judge.faults.slice(0, 20)).toEqual([]);
    expect(await stage.objects('Incoming/')).toEqual([]);
    for (const mailbox of MAILBOXES) expect(pop3.mails(mailbox)).toEqual([]);
    // Else it would have shown nothing. How much of it is a matter of chance.
    expect(kills).toBeGreaterThan(0);
    expect(amidFaults).toBeGreaterThan(0);
  }, 600_000);
});

function configurationFor(pop3Port: number, smtpPort: number): unknown {
  return {
    domains: ['corp.example'],
    undeliverable: 'admin@corp.example',
    delivery: {
      transport: 'smtp',
      smtp: { host: '127.0.0.1', port: smtpPort, tls: 'none' },
    },
    mailboxes: Object.fromEntries(
      MAILBOXES.map((name) => [name, { ...mailboxFor('everyone', pop3Port), username: name }]),
    ),
  };
}
