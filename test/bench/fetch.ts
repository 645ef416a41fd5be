import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { pack } from '../../manager/launch/pack.ts';
import { startDovecot, type Dovecot } from '../support/dovecot.ts';
import { INSTALL_SERVERS, missingForServers } from '../support/needs-servers.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { findProgram } from '../support/system-packages.ts';
import {
  embeddedFetch,
  fetchmail,
  getmail,
  mailferry,
  mpop,
  nodePop3,
  sha256,
  type FetchClient,
} from './fetch-clients.ts';
import { machineInWords, warmUp } from './machine.ts';
import { measure } from './measured-client.ts';
import { mixedMailbox } from './mixed-mailbox.ts';
import type { FarAway } from './network/delayed-network.ts';
import { farAway, runNearServers } from './network/near-servers.ts';
import { isWhole, report, type Row, type Run, type Workload } from './report.ts';
import { endBySignals, wholeOption } from './running.ts';

const PASSWORD = 'secret';
const ALL = [mailferry, mpop, fetchmail, getmail, nodePop3];
const OVER_TLS = [mailferry, mpop];

const OPTIONS = {
  /** Messages in the mailbox that is fetched on loopback, and over the line with a delay. */
  messages: { type: 'string', default: '2000' },
  'delayed-messages': { type: 'string', default: '400' },
  rounds: { type: 'string', default: '3' },
  'slow-rounds': { type: 'string', default: '1' },
  /** Round trip, milliseconds; 0: loopback alone. */
  delay: { type: 'string', default: '40' },
  /** Leaves out the slow peers. */
  quick: { type: 'boolean', default: false },
  'far-away': { type: 'string' },
} as const;

interface Plan {
  readonly messages: number;
  readonly delayed: number;
  readonly rounds: number;
  readonly slowRounds: number;
  readonly quick: boolean;
}

/** One table: the same mailbox fetched by several clients over the same line. */
interface Series {
  readonly title: string;
  readonly clients: readonly FetchClient[];
  readonly place: FarAway | null;
  readonly tls: boolean;
}

/**
 * `npm run bench:fetch`: the same mailbox from a real Dovecot into the embedded store, beside four peers, on loopback
 * and over a line with a delay, in clear text and over TLS. Ends with 0 when Mailferry fetched every octet.
 */
async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({ args: words, options: OPTIONS });
  const missing = missingForServers();
  if (missing.length > 0) {
    console.log(`the benchmark needs ${missing.join(', ')}; to install: ${INSTALL_SERVERS}`);
    return 1;
  }
  const delayMs = wholeOption('delay', values.delay, 0);
  const plan: Plan = {
    messages: wholeOption('messages', values.messages),
    delayed: wholeOption('delayed-messages', values['delayed-messages']),
    rounds: wholeOption('rounds', values.rounds),
    slowRounds: wholeOption('slow-rounds', values['slow-rounds'], 0),
    quick: values.quick,
  };
  const elsewhere = await runNearServers(fileURLToPath(import.meta.url), words, delayMs);
  if (elsewhere !== null) return elsewhere;
  endBySignals();
  console.log(machineInWords());
  await pack('fetch-once', 'test/bench/fetch-once.ts');
  warmUp(embeddedFetch);
  const near = [
    { title: 'loopback', clients: ALL, place: null, tls: false },
    { title: 'loopback, TLS', clients: OVER_TLS, place: null, tls: true },
  ];
  const place = farAway(words);
  const far =
    place === null
      ? []
      : [
          { title: `${place.delayMs} ms round trip`, clients: ALL, place, tls: false },
          { title: `${place.delayMs} ms round trip, TLS`, clients: OVER_TLS, place, tls: true },
        ];
  const wholes = [
    ...(await runMailbox(near, plan.messages, plan)),
    ...(far.length === 0 ? [] : await runMailbox(far, plan.delayed, plan)),
  ];
  return wholes.every(Boolean) ? 0 : 1;
}

/** @returns of each series, whether Mailferry fetched everything */
async function runMailbox(
  series: readonly Series[],
  messages: number,
  plan: Plan,
): Promise<boolean[]> {
  const mails: Buffer[] = [];
  const expected = new Set<string>();
  let octets = 0;
  for (const { wire, stored } of mixedMailbox(messages)) {
    mails.push(stored);
    octets += wire.length;
    expected.add(sha256(wire)).add(sha256(stored));
  }
  const copies: Record<string, string> = {};
  for (const [at, one] of series.entries()) {
    for (const { user } of schedule(one, at, plan)) copies[user] = 'bench';
  }
  const address = series[0]?.place?.serverAddress;
  const dovecot = await startDovecot({
    users: { bench: { password: PASSWORD, mails } },
    copies,
    ...(address === undefined ? {} : { address }),
  });
  const wholes: boolean[] = [];
  try {
    for (const [at, one] of series.entries()) {
      const work = { messages, octets };
      const rows = await runSeries(one, schedule(one, at, plan), dovecot, { ...work, expected });
      const size = `${messages} messages, ${(octets / 1e6).toFixed(1)} MB`;
      console.log(`\n${one.title}: ${size}\n${report(rows, work)}`);
      const ours = rows[0]?.runs ?? [];
      wholes.push(isWhole(ours, work) && ours.every(({ exact }) => exact === messages));
    }
  } finally {
    await dovecot.stop();
  }
  return wholes;
}

interface Turn {
  readonly round: number;
  readonly client: FetchClient;
  /** Whose mailbox it empties: each turn has one of its own. */
  readonly user: string;
}

/** Round by round, each client once; in every second round in the opposite order. */
function schedule({ clients, tls }: Series, at: number, plan: Plan): Turn[] {
  const turns: Turn[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const present = clients.filter(
      ({ program, slow }) =>
        (program === null || findProgram(program) !== null) &&
        (!slow || (!plan.quick && round < plan.slowRounds)),
    );
    for (const client of round % 2 === 0 ? present : present.toReversed()) {
      const user = `s${at}${tls ? 't' : ''}r${round}c${clients.indexOf(client)}`;
      turns.push({ round, client, user });
    }
  }
  return turns;
}

async function runSeries(
  series: Series,
  turns: readonly Turn[],
  dovecot: Dovecot,
  work: Workload & { readonly expected: ReadonlySet<string> },
): Promise<Row[]> {
  const runs = new Map<FetchClient, Run[]>();
  for (const { round, client, user } of turns) {
    const run = await runTurn(series, client, user, dovecot, work);
    runs.set(client, [...(runs.get(client) ?? []), run]);
    console.error(
      `${series.title}, round ${round + 1}: ${client.name}: ${run.seconds.toFixed(2)} s, ${run.carried} messages`,
    );
  }
  return series.clients.flatMap((client) => {
    const ofClient = runs.get(client);
    return ofClient === undefined ? [] : [{ name: client.name, runs: ofClient }];
  });
}

async function runTurn(
  { place, tls }: Series,
  client: FetchClient,
  user: string,
  dovecot: Dovecot,
  { messages, expected }: Workload & { readonly expected: ReadonlySet<string> },
): Promise<Run> {
  const scratch = makeScratchFolder('bench');
  try {
    const site = {
      folder: scratch.path,
      host: place?.serverAddress ?? '127.0.0.1',
      port: tls ? dovecot.tlsPort : dovecot.port,
      caFile: tls ? dovecot.caFile : null,
      ...{ user, password: PASSWORD, messages },
    };
    const command = client.command(site);
    // The first fsync of a client would also wait for what the one before wrote.
    execFileSync('sync');
    const measurement = await measure(command, place);
    return { ...measurement, ...client.fetched(site, measurement.stdout, expected) };
  } finally {
    scratch.remove();
  }
}

process.exitCode = await main(process.argv.slice(2));
