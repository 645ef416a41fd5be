import { describe, expect, test } from 'vitest';

import { runOnce } from '../../infra/local/run-once.ts';
import { openEmbedded } from '../../infra/local/embedded.ts';
import type { RunSummary } from '../../functions/api/run-summary.ts';
import { silentLog } from '../../shared/observe/pino-log.ts';
import { Pop3Opener } from '../../shared/pop3/opener.ts';
import { filesIn } from '../support/data-folder-files.ts';
import { asSentBySmtp } from '../support/line-ends.ts';
import { withoutOurFields } from '../support/our-fields.ts';
import { readScenarios } from '../support/pop3-scenario.ts';
import type { Pop3Scenario, ScenarioExpectation } from '../support/pop3-scenario.ts';
import { scriptOf } from '../support/pop3-script.ts';
import type { Pop3Script } from '../support/pop3-script.ts';
import { makeSurroundings, mailboxFor, PASSWORD } from '../support/provider-and-server.ts';
import type { Configuration, Surroundings } from '../support/provider-and-server.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { settingsOf } from '../support/sample-settings.ts';
import { memoryFolder } from '../support/scratch-folder.ts';
import { startPop3Server } from '../support/scripted-pop3-server.ts';
import type { ScriptedPop3Server } from '../support/scripted-pop3-server.ts';
import { TickingClock } from '../support/ticking-clock.ts';

/** Silence that counts as one here; a minute in earnest. Milliseconds. */
const STALL_MS = 1500;
/** For one scenario on a machine that has much else to do. Milliseconds. */
const TIME_OUT_MS = 120_000;

/** Between two runs: whatever was put off is due again. Milliseconds. */
const A_DAY_MS = 26 * 3_600_000;

/** Mail that shows where octets get lost: dots, NUL, 8-bit, bare LF, and one that needs several packets. */
const MAILS: readonly Buffer[] = [
  sampleMessage('chris@provider.example', 'case-1'),
  sampleMessage('chris@provider.example', 'case-2', { body: '.\r\n..\r\n.dot\r\n\r\n.\r\nend' }),
  Buffer.from(
    'From: ann@nwtraders.example\r\nSubject: case-3\r\n\r\na\0b \xe9\xff\r\nbare\n.\nline\r\n',
    'latin1',
  ),
  sampleMessage('chris@provider.example', 'case-4', { body: '.0123456789\r\n'.repeat(1500) }),
  Buffer.from('From: ann@nwtraders.example\r\nSubject: case-5\r\n\r\n'),
];

/** The faulty provider's one user; everything is asked of what becomes of this mail. */
const FAULTY = 'chris';
/** On a provider of its own that does nothing wrong. */
const SOUND = 'kelly';

class ScenarioStage implements AsyncDisposable {
  readonly scenario: Pop3Scenario;
  readonly script: Pop3Script;
  readonly faulty: ScriptedPop3Server;
  readonly surroundings: Surroundings;
  readonly #clock = new TickingClock();
  #soundMails = 0;

  private constructor(
    scenario: Pop3Scenario,
    script: Pop3Script,
    faulty: ScriptedPop3Server,
    surroundings: Surroundings,
  ) {
    this.scenario = scenario;
    this.script = script;
    this.faulty = faulty;
    this.surroundings = surroundings;
  }

  static async make(scenario: Pop3Scenario): Promise<ScenarioStage> {
    const script = scenario.script();
    const faulty = await startPop3Server({
      users: { [FAULTY]: { password: PASSWORD, mails: MAILS } },
      capabilities: scenario.capabilities,
      script,
      ...(scenario.tls === null ? {} : { tls: scenario.tls }),
    });
    const surroundings = await makeSurroundings({
      mails: { [SOUND]: [] },
      parent: memoryFolder(),
      configuration: (usual) => ({
        ...usual,
        mailboxes: {
          ...usual.mailboxes,
          [FAULTY]: { ...mailboxFor(FAULTY, faulty.port), ...scenario.mailbox },
        },
      }),
    });
    return new ScenarioStage(scenario, script, faulty, surroundings);
  }

  /** New mail for the sound mailbox, and a single run over both, as the command does it. */
  async run(limits: Pop3Scenario['limits']): Promise<RunSummary> {
    this.#soundMails += 1;
    const { pop3, folder, configured } = this.surroundings;
    pop3.addMail(SOUND, sampleMessage('kelly@provider.example', `sound-${this.#soundMails}`));
    const settings = settingsOf({ ...(configured as Configuration), limits });
    const embedded = await openEmbedded({
      folder,
      settingsFrom: () => ({ read: () => Promise.resolve(settings) }),
      secrets: { read: (ref) => Promise.resolve(ref.kind === 'plain' ? ref.value : PASSWORD) },
      log: silentLog,
      clock: this.#clock,
      random: () => 0.5,
    });
    const opener = new Pop3Opener(this.#clock, { stallMs: STALL_MS, probeMs: STALL_MS });
    try {
      const deps = { ...embedded.deps, opener };
      return await runOnce({ ...embedded, deps }, [], new AbortController().signal);
    } finally {
      await embedded.close();
      this.#clock.advance(A_DAY_MS);
    }
  }

  /** What each of the two was delivered, without the fields that are ours. */
  delivered(mailbox: string): string[] {
    return this.surroundings.smtp.received
      .filter(({ recipients }) => recipients.includes(`${mailbox}@corp.example`))
      .map(({ data }) => withoutOurFields(data).toString('latin1'))
      .sort();
  }

  get soundMails(): number {
    return this.#soundMails;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.faulty.close();
    await this.surroundings.close();
  }
}

function expectSoundServed(summary: RunSummary): void {
  const sound = summary.mailboxes.find(({ id }) => id === SOUND);
  expect(sound).toMatchObject({ status: 'ok', fetched: 1, left: 0, error: null });
}

function expectEnd(summary: RunSummary, expected: ScenarioExpectation): void {
  const run = summary.mailboxes.find(({ id }) => id === FAULTY);
  const words = JSON.stringify(run);
  const { status, kind, error, ...counts } = expected;
  if (status !== undefined) expect(status, words).toContain(run?.status);
  if (kind !== undefined) expect(kind, words).toContain(run?.error?.kind);
  if (error !== undefined) expect(run?.error?.message).toContain(error);
  expect(run, words).toMatchObject(counts);
  expect(words).not.toContain(PASSWORD);
}

const WHOLE = MAILS.map((mail) => asSentBySmtp(mail).toString('latin1')).sort();

/** Each message at most once, and octet for octet. */
function expectNothingFalse(delivered: readonly string[]): void {
  expect(new Set(delivered).size, 'second copies').toBe(delivered.length);
  expect(delivered.filter((mail) => !WHOLE.includes(mail))).toEqual([]);
}

const scenarios = readScenarios();

/**
 * A provider does to one mailbox what a scenario file says, and then mends its ways. Throughout: no message is lost,
 * none is delivered twice, none is delivered cut or changed, the other mailbox is served, and every run comes to its
 * end. What this does not prove: crashes of the connector itself (crash-points.test.ts), nor faults nobody has met
 * yet: those become a file.
 */
describe('a faulty POP3 server', () => {
  test('the folder of scenarios is not empty', () => {
    expect(scenarios.length).toBeGreaterThan(50);
  });

  // Side by side, since a stall is a wait for nothing; one by one where the octets come without a pause.
  test.concurrent.each(namedThat(({ isBusy }) => !isBusy))('%s', play, TIME_OUT_MS);
  test.each(namedThat(({ isBusy }) => isBusy))('%s', play, TIME_OUT_MS);

  async function play(_name: string, scenario: Pop3Scenario): Promise<void> {
    await using stage = await ScenarioStage.make(scenario);
    for (let run = 0; run < scenario.runs; run += 1) {
      const summary = await stage.run(scenario.limits);
      expectSoundServed(summary);
      expectEnd(summary, scenario.expectations[run] ?? scenario.expectations.at(-1) ?? {});
      expectNothingFalse(stage.delivered(FAULTY));
      const onServer = stage.faulty.mails(FAULTY).length;
      expect(onServer + stage.faulty.deletedBy(FAULTY).length).toBe(MAILS.length);
    }
    const { rules } = stage.script.rules;
    // A rule that was never met proves nothing.
    expect(rules.filter((rule) => stage.script.rules.timesMet(rule) === 0)).toEqual([]);

    stage.faulty.setScript(scriptOf({}));
    const last = await stage.run({});
    expectSoundServed(last);
    expect(last.mailboxes.find(({ id }) => id === FAULTY)).toMatchObject({
      ...{ status: 'ok', left: 0, error: null },
    });
    expect(stage.delivered(FAULTY)).toEqual(WHOLE);
    expect(stage.delivered(SOUND)).toHaveLength(stage.soundMails);
    expect(filesIn(stage.surroundings.folder, 'Incoming')).toEqual([]);
    expect(filesIn(stage.surroundings.folder, 'Failed')).toEqual([]);
    const isKept = scenario.mailbox['keep'] === 'forever';
    expect(stage.faulty.mails(FAULTY)).toHaveLength(isKept ? MAILS.length : 0);
  }
});

function namedThat(isSuch: (scenario: Pop3Scenario) => boolean): [string, Pop3Scenario][] {
  return scenarios.filter(isSuch).map((scenario) => [scenario.name, scenario]);
}
