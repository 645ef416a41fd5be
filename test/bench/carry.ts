import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { startDovecot, type Dovecot } from '../support/dovecot.ts';
import { INSTALL_SERVERS, missingForServers } from '../support/needs-servers.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { startSmtpSink, type SmtpSink } from '../support/smtp-sink.ts';
import { findProgram } from '../support/system-packages.ts';
import { CARRY_CLIENTS, type CarryClient } from './carry-clients.ts';
import { machineInWords, warmUp } from './machine.ts';
import { measure } from './measured-client.ts';
import type { FarAway } from './network/delayed-network.ts';
import { farAway, runNearServers } from './network/near-servers.ts';
import { isWhole, report, type Row, type Run, type Workload } from './report.ts';
import { endBySignals, wholeOption } from './running.ts';
import { sampleMailbox } from './sample-mailbox.ts';

const PASSWORD = 'secret';

const OPTIONS = {
  rounds: { type: 'string', default: '3' },
  'slow-rounds': { type: 'string', default: '1' },
  /** Round trip on both legs, milliseconds; 0: loopback alone. */
  delay: { type: 'string', default: '40' },
  /** Of the mailbox of 400, the first so many. */
  messages: { type: 'string', default: '400' },
  'far-away': { type: 'string' },
} as const;

/** Each client once in a round, from a mailbox of its own. */
interface Turn {
  readonly client: CarryClient;
  readonly place: FarAway | null;
  readonly round: number;
  readonly user: string;
}

/**
 * `npm run bench`: the same mailbox from a real Dovecot to Postfix's smtp-sink by Mailferry and by its peers, one
 * after the other in each round; on loopback, and with a delay on the way to both servers. Ends with 0 when Mailferry
 * carried all.
 */
async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({ args: words, options: OPTIONS });
  const missing = missingForServers();
  if (missing.length > 0) {
    console.log(`the benchmark needs ${missing.join(', ')}; to install: ${INSTALL_SERVERS}`);
    return 1;
  }
  const rounds = wholeOption('rounds', values.rounds);
  const slowRounds = wholeOption('slow-rounds', values['slow-rounds'], 0);
  const messages = wholeOption('messages', values.messages);
  const delayMs = wholeOption('delay', values.delay, 0);
  const elsewhere = await runNearServers(fileURLToPath(import.meta.url), words, delayMs);
  if (elsewhere !== null) return elsewhere;
  endBySignals();
  console.log(machineInWords());
  warmUp();
  const place = farAway(words);
  const turns = [null, ...(place === null ? [] : [place])].map((where) =>
    turnsOf(where, rounds, slowRounds),
  );
  const wholes = await carryAll(turns, sampleMailbox().slice(0, messages), place);
  return wholes.every(Boolean) ? 0 : 1;
}

function turnsOf(place: FarAway | null, rounds: number, slowRounds: number): Turn[] {
  const turns: Turn[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, client] of CARRY_CLIENTS.entries()) {
      const isThere = client.programs.every((program) => findProgram(program) !== null);
      if (!isThere || (client.slow && round >= slowRounds)) continue;
      turns.push({ client, place, round, user: `${place === null ? 'n' : 'f'}${round}c${at}` });
    }
  }
  return turns;
}

/** @returns of each list of turns, whether Mailferry carried everything */
async function carryAll(
  lists: readonly (readonly Turn[])[],
  mails: readonly Buffer[],
  place: FarAway | null,
): Promise<boolean[]> {
  const work = {
    messages: mails.length,
    octets: mails.reduce((sum, mail) => sum + mail.length, 0),
  };
  const dovecot = await startDovecot({
    users: { bench: { password: PASSWORD, mails } },
    copies: Object.fromEntries(lists.flat().map(({ user }) => [user, 'bench'])),
    ...(place === null ? {} : { address: place.serverAddress }),
    tls: false,
  });
  try {
    const wholes: boolean[] = [];
    for (const turns of lists) {
      const rows = await carryInTurn(turns, dovecot, work);
      const where = turns[0]?.place;
      const title = where == null ? 'loopback' : `${where.delayMs} ms round trip on both legs`;
      const size = `${work.messages} messages, ${(work.octets / 1e6).toFixed(1)} MB`;
      console.log(`\n${title}: ${size}\n${report(rows, work)}`);
      wholes.push(isWhole(rows[0]?.runs ?? [], work));
    }
    console.log(
      'On loopback fetchmail loses some 40 ms a message to delayed acknowledgements: compare its CPU seconds too.',
    );
    return wholes;
  } finally {
    await dovecot.stop();
  }
}

async function carryInTurn(
  turns: readonly Turn[],
  dovecot: Dovecot,
  work: Workload,
): Promise<Row[]> {
  const runs = new Map<CarryClient, Run[]>();
  for (const turn of turns) {
    const run = await carry(turn, dovecot, work);
    runs.set(turn.client, [...(runs.get(turn.client) ?? []), run]);
    console.error(
      `round ${turn.round + 1}: ${turn.client.name}: ${run.seconds.toFixed(2)} s, ${run.carried} messages`,
    );
  }
  return [...runs].map(([{ name }, ofClient]) => ({ name, runs: ofClient }));
}

async function carry(
  { client, place, user }: Turn,
  dovecot: Dovecot,
  { messages }: Workload,
): Promise<Run> {
  const scratch = makeScratchFolder('bench');
  const sink = await startSmtpSink({ everywhere: place !== null });
  try {
    const command = client.command({
      folder: scratch.path,
      host: place?.serverAddress ?? '127.0.0.1',
      popPort: dovecot.port,
      smtpPort: sink.port,
      ...{ user, password: PASSWORD },
    });
    // The first fsync of a client would also wait for what the one before wrote.
    execFileSync('sync');
    const measurement = await measure(command, place);
    return { ...measurement, carried: await sunk(sink, messages), exact: null };
  } finally {
    await sink.stop();
    scratch.remove();
  }
}

/** What the sink counted; it prints its count a moment after its reply. */
async function sunk(sink: SmtpSink, messages: number): Promise<number> {
  for (let waited = 0; waited < 1000 && sink.count() < messages; waited += 20) await pause(20);
  return sink.count();
}

process.exitCode = await main(process.argv.slice(2));
