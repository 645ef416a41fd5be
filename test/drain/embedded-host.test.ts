import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { chosenSeed } from '../support/chosen-seed.ts';
import { filesIn } from '../support/data-folder-files.ts';
import { faultyPop3, FaultySmtp } from '../support/drain-faults.ts';
import { DrainJudge, failedIn, recordedAsSent } from '../support/drain-judge.ts';
import { drainMails } from '../support/drain-mail.ts';
import type { DrainMail } from '../support/drain-mail.ts';
import { runKillable } from '../support/killable-host.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import type { ScratchFolder } from '../support/scratch-folder.ts';
import { mailboxFor, PASSWORD } from '../support/provider-and-server.ts';
import { scriptOf } from '../support/pop3-script.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { startSmtpServer } from '../support/scripted-smtp-server.ts';
import type { ScriptedSmtpServer } from '../support/scripted-smtp-server.ts';
import { seededRandom, wholeBetween } from '../support/seeded-random.ts';

const MESSAGES = 1000;
const MAILBOXES = ['east', 'north', 'south', 'west'];
const CONNECTIONS = 4;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Rounds with faults: at least so many, and until so much time has passed. */
const FAULTY_ROUNDS = 20;
const FAULTY_UNTIL_MS = 100_000;
/** Afterwards all is well, and each round lets the longest gap pass. */
const CALM_ROUNDS = 12;

/**
 * The embedded host between a provider and a mail server that go wrong by chance, killed by `kill -9` at a moment by
 * chance, started again and again, until all is well. `MAILFERRY_TEST_SEED` has mail, faults and moments of a run again,
 * as far as the machine's own timing lets it.
 */
describe('a thousand messages, faults and kill -9', () => {
  const seed = chosenSeed();
  let scratch: ScratchFolder;
  let pop3: ScriptedPop3Server;
  let smtp: ScriptedSmtpServer;

  beforeEach(() => {
    scratch = makeScratchFolder('drain');
    mkdirSync(join(scratch.path, 'data'));
  });

  afterEach(async () => {
    await pop3.close();
    await smtp.close();
    scratch.remove();
  });

  test(`drain: everybody has his mail or it lies in Failed/ (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const mails = drainMails(random, MESSAGES, MAILBOXES);
    const faults = new FaultySmtp(seededRandom(seed + 1));
    smtp = await startSmtpServer({ replies: faults.replies });
    pop3 = await startPop3Server({ users: usersWith(mails) });
    const data = join(scratch.path, 'data');
    const judge = new DrainJudge(mails);
    const configuration = configurationFor(pop3.port, smtp.port);
    let aheadMs = 0;
    let kills = 0;
    let rounds = 0;

    const round = async (killAfterMs: number | null): Promise<void> => {
      const end = await runKillable({ folder: scratch.path, configuration, aheadMs, killAfterMs });
      // What a dead process had sent is taken all the same.
      while (smtp.open() > 0) await pause(5);
      rounds += 1;
      if (end === 'killed') kills += 1;
      judge.round(
        {
          received: smtp.received,
          lost: faults.lost,
          underWay: end === 'killed' ? CONNECTIONS : 0,
        },
        await recordedAsSent(data, mails),
      );
      expect(judge.faults.slice(0, 20), `after round ${rounds}, seed ${seed}`).toEqual([]);
    };
    const isDrained = (): boolean =>
      filesIn(data, 'Incoming').length === 0 &&
      MAILBOXES.every((mailbox) => pop3.mails(mailbox).length === 0);

    const startedAt = performance.now();
    while (rounds < FAULTY_ROUNDS && performance.now() - startedAt < FAULTY_UNTIL_MS) {
      const killAfterMs = random() < 0.75 ? wholeBetween(random, 0, 2500) : null;
      faults.mayHang = killAfterMs !== null;
      pop3.setScript(faultyPop3(random));
      await round(killAfterMs);
      aheadMs += wholeBetween(random, MINUTE, 4 * HOUR);
    }
    const amidFaults = judge.delivered;
    faults.isWell = true;
    pop3.setScript(scriptOf({}));
    for (let calm = 0; calm < CALM_ROUNDS && !isDrained(); calm += 1) {
      await round(null);
      aheadMs += 13 * HOUR;
    }

    const failed = failedIn(data);
    judge.end(failed);
    process.stdout.write(
      `seed ${seed}: ${rounds} rounds, ${kills} kills, ${judge.delivered} delivered (${amidFaults} amid faults), ${failed.size} failed, ${judge.inWindow} copies in the window\n`,
    );
    expect(judge.faults.slice(0, 20)).toEqual([]);
    expect(filesIn(data, 'Incoming')).toEqual([]);
    expect(readdirSync(join(data, 'spool'))).toEqual([]);
    for (const mailbox of MAILBOXES) expect(pop3.mails(mailbox)).toEqual([]);
    // Else it would have shown nothing. How much of it is a matter of the machine.
    expect(kills).toBeGreaterThan(0);
    expect(amidFaults).toBeGreaterThan(0);
  });
});

function usersWith(mails: readonly DrainMail[]) {
  return Object.fromEntries(
    MAILBOXES.map((mailbox) => {
      const own = mails.filter((mail) => mail.mailbox === mailbox);
      return [mailbox, { password: PASSWORD, mails: own.map(({ content }) => content) }];
    }),
  );
}

function configurationFor(pop3Port: number, smtpPort: number): unknown {
  const mailbox = (name: string) => ({ ...mailboxFor(name, pop3Port), type: 'global' });
  return {
    domains: ['corp.example'],
    undeliverable: 'admin@corp.example',
    delivery: {
      transport: 'smtp',
      smtp: { host: '127.0.0.1', port: smtpPort, tls: 'none' },
      concurrency: CONNECTIONS,
    },
    // So that no round takes all there is.
    limits: { messagesPerRun: 60 },
    mailboxes: Object.fromEntries(
      MAILBOXES.map((name) => [name, { ...mailbox(name), deliverTo: undefined }]),
    ),
  };
}
