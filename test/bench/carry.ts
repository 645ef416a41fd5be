import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { startDovecot } from '../support/dovecot.ts';
import { INSTALL_SERVERS, missingForServers } from '../support/needs-servers.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import { startSmtpSink, type SmtpSink } from '../support/smtp-sink.ts';
import {
  BENCH_PASSWORD,
  BENCH_USER,
  CLIENTS,
  missingPrograms,
  type BenchClient,
} from './clients.ts';
import { fileSystemOf } from './file-system.ts';
import { measure } from './measured-client.ts';
import { isWhole, report, type Run } from './report.ts';
import { BENCH_MAILS, sampleMailbox } from './sample-mailbox.ts';

/**
 * `npm run bench -- [--rounds N]`: the same mailbox from a real Dovecot to Postfix's smtp-sink by Mailferry and by
 * its peers, one after the other in each round, on this machine alone. Ends with 0 when Mailferry carried all.
 */
async function main(): Promise<number> {
  const missing = missingForServers();
  if (missing.length > 0) {
    console.log(`the benchmark needs ${missing.join(', ')}; to install: ${INSTALL_SERVERS}`);
    return 1;
  }
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.log(`--rounds: expected a whole number from 1, got ${JSON.stringify(values.rounds)}`);
    return 2;
  }
  const runs = await runRounds(presentClients(), rounds, sampleMailbox());
  console.log(report(runs));
  console.log(
    'On loopback fetchmail loses some 40 ms a message to delayed acknowledgements: compare its CPU seconds too.',
  );
  const [mailferry] = runs.values();
  return mailferry !== undefined && isWhole(mailferry) ? 0 : 1;
}

function presentClients(): BenchClient[] {
  return CLIENTS.filter((client) => {
    const missing = missingPrograms(client);
    if (missing.length > 0)
      console.log(`left out: ${client.name}, ${missing.join(' and ')} is not installed`);
    return missing.length === 0;
  });
}

async function runRounds(
  clients: readonly BenchClient[],
  rounds: number,
  mails: readonly Buffer[],
): Promise<Map<BenchClient, Run[]>> {
  const runs = new Map<BenchClient, Run[]>(clients.map((client) => [client, []]));
  const megabytes = mails.reduce((sum, mail) => sum + mail.length, 0) / 1e6;
  describeRun(mails.length, megabytes, rounds);
  for (let round = 1; round <= rounds; round += 1) {
    for (const [client, ofClient] of runs) {
      const run = await runClient(client, mails);
      ofClient.push(run);
      console.error(
        `round ${round}: ${client.name}: ${run.seconds.toFixed(2)} s, ${run.carried} messages`,
      );
    }
  }
  return runs;
}

function describeRun(count: number, megabytes: number, rounds: number): void {
  const scratch = makeScratchFolder('bench');
  console.log(
    `${count} messages, ${megabytes.toFixed(1)} MB, ${rounds} rounds, loopback; Node ${process.version}, ` +
      `${cpus().length} processors, file system ${fileSystemOf(scratch.path)}`,
  );
  scratch.remove();
}

async function runClient(client: BenchClient, mails: readonly Buffer[]): Promise<Run> {
  const scratch = makeScratchFolder('bench');
  const dovecot = await startDovecot({
    users: { [BENCH_USER]: { password: BENCH_PASSWORD, mails } },
    tls: false,
  });
  const sink = await startSmtpSink();
  try {
    const site = { folder: scratch.path, popPort: dovecot.port, smtpPort: sink.port };
    const command = client.command(site);
    // The first fsync of a client would also wait for the mailbox that was just written.
    execFileSync('sync');
    const measurement = await measure(command);
    const carried = client.fetched?.(site, measurement.stdout, mails) ?? (await sunk(sink));
    return { ...measurement, carried };
  } finally {
    await Promise.all([sink.stop(), dovecot.stop()]);
    scratch.remove();
  }
}

/** What the sink counted; it prints its count a moment after its reply. */
async function sunk(sink: SmtpSink): Promise<number> {
  for (let waited = 0; waited < 1000 && sink.count() < BENCH_MAILS; waited += 20) await pause(20);
  return sink.count();
}

// A run that is broken off still stops its servers and removes its folders: that hangs on `exit`.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    process.exit(1);
  });
}
process.exitCode = await main();
