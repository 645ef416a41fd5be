import { connect } from 'node:net';
import { parseArgs } from 'node:util';

import Table from 'cli-table3';

import { startDovecot, type Dovecot } from '../support/dovecot.ts';
import { INSTALL_SERVERS, missingForServers } from '../support/needs-servers.ts';
import { sampleMessage } from '../support/sample-message.ts';
import { startSmtpSink } from '../support/smtp-sink.ts';
import { machineInWords } from './machine.ts';
import { withWatchedWorker, type Step } from './watched-worker.ts';
import { endBySignals, wholeOption } from './running.ts';

const MIB = 1024 * 1024;
/** The budget: peak above the idle level. */
const LIMIT = 64 * MIB;
const PASSWORD = 'secret';
const RECIPIENT = 'bench@sink.test';

const OPTIONS = {
  /** Size of the large message, MB. */
  large: { type: 'string', default: '100' },
  /** Small messages of the other mailbox. */
  small: { type: 'string', default: '50000' },
} as const;

/**
 * `npm run bench:memory`: the peak of the resident set above its idle level, for a large message and for many small
 * ones; and how long a look at many messages takes when nothing has changed, beside a client that throws the answers
 * away. Ends with 0 when every step stayed within its budget.
 */
async function main(words: string[]): Promise<number> {
  const { values } = parseArgs({ args: words, options: OPTIONS });
  const missing = missingForServers();
  if (missing.length > 0) {
    console.log(`the benchmark needs ${missing.join(', ')}; to install: ${INSTALL_SERVERS}`);
    return 1;
  }
  const octets = wholeOption('large', values.large) * 1_000_000;
  const small = wholeOption('small', values.small);
  endBySignals();
  console.log(machineInWords());
  const steps = [
    ...(await largeMail('smtp', octets)),
    ...(await largeMail('lmtp', octets)),
    ...(await manySmall(small)),
  ];
  console.log(tableOf(steps));
  return steps.every(({ idle, peak }) => peak - idle <= LIMIT) ? 0 : 1;
}

/** One message of so many octets: fetched, then delivered. A small one goes before, so that all is loaded. */
async function largeMail(transport: 'smtp' | 'lmtp', octets: number): Promise<Step[]> {
  const small = sampleMessage('ann@nwtraders.example', 'small');
  const dovecot = await startDovecot({
    users: {
      large: { password: PASSWORD, mails: [largeMessage(octets)] },
      little: { password: PASSWORD, mails: [small] },
      empty: { password: PASSWORD, mails: [] },
      [RECIPIENT]: { password: PASSWORD, mails: [] },
    },
    tls: false,
    lmtp: true,
  });
  const sink = await startSmtpSink();
  try {
    const port = transport === 'smtp' ? sink.port : dovecot.lmtpPort;
    const delivery = { transport, smtp: { host: '127.0.0.1', port, tls: 'none' } };
    const configuration = configurationFor(dovecot, delivery, ['large', 'little', 'empty']);
    return await withWatchedWorker(configuration, { bench: PASSWORD }, async (worker) => {
      await worker.step('', 'fetch little');
      await worker.step('', 'deliver empty');
      const size = `${octets / 1e6} MB`;
      return [
        await worker.step(`fetch of ${size}`, 'fetch large'),
        await worker.step(`${transport.toUpperCase()} of ${size}`, 'deliver empty'),
      ];
    });
  } finally {
    await sink.stop();
    await dovecot.stop();
  }
}

async function manySmall(count: number): Promise<Step[]> {
  const mails = Array.from({ length: count }, (_, index) =>
    sampleMessage('ann@nwtraders.example', `small-${index}`),
  );
  const users = { many: { password: PASSWORD, mails } };
  const dovecot = await startDovecot({ users, tls: false });
  mails.length = 0;
  try {
    const delivery = { smtp: { host: '127.0.0.1', port: 9, tls: 'none' } };
    const configuration = configurationFor(dovecot, delivery, ['many']);
    return await withWatchedWorker(configuration, { bench: PASSWORD }, async (worker) => {
      // Dovecot's index is made by whoever comes first.
      await rawLook(dovecot.port);
      const fetched = await worker.step(`fetch of ${count} small ones`, 'fetch many');
      const looks: Step[] = [];
      const raw: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        raw.push(await rawLook(dovecot.port));
        looks.push(await worker.step(`a look at ${count}, unchanged`, 'fetch many'));
      }
      const best = looks.toSorted((one, other) => one.ms - other.ms)[1];
      const server = raw.toSorted((one, other) => one - other)[1] ?? 0;
      const ours = best?.ms ?? 0;
      console.log(
        `a look at ${count} unchanged messages: ${(ours / 1000).toFixed(2)} s; a client that throws the answers away: ${(server / 1000).toFixed(2)} s; beyond it ${((ours - server) / 1000).toFixed(2)} s (budget 1)`,
      );
      return [fetched, ...(best === undefined ? [] : [best])];
    });
  } finally {
    await dovecot.stop();
  }
}

/** USER, PASS, LIST, UIDL and QUIT, each answer read to its end and thrown away. @returns milliseconds */
function rawLook(port: number): Promise<number> {
  const from = performance.now();
  const commands = ['USER many', `PASS ${PASSWORD}`, 'LIST', 'UIDL', 'QUIT'];
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let tail = '';
    let isList = false;
    socket.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString('latin1')).slice(-5);
      if (isList ? !tail.endsWith('\r\n.\r\n') : !tail.endsWith('\r\n')) return;
      const command = commands.shift();
      isList = command === 'LIST' || command === 'UIDL';
      tail = '';
      if (command !== undefined) socket.write(`${command}\r\n`);
    });
    socket.once('error', reject);
    socket.once('close', () => {
      resolve(performance.now() - from);
    });
  });
}

function largeMessage(octets: number): Buffer {
  const line = `${'x'.repeat(76)}\n`;
  const head = sampleMessage('ann@nwtraders.example', 'large');
  return Buffer.concat([head, Buffer.alloc(octets, line)]);
}

function configurationFor(
  { port }: Dovecot,
  delivery: unknown,
  mailboxes: readonly string[],
): unknown {
  const common = { type: 'user', host: '127.0.0.1', port, tls: 'none', auth: 'plain' };
  const entries = mailboxes.map((username) => [
    username,
    {
      ...{ ...common, username, password: { secret: 'bench' }, deliverTo: [RECIPIENT] },
      ...(username === 'many' ? { keep: 'forever' } : {}),
    },
  ]);
  return {
    ...{ domains: ['sink.test'], delivery, mailboxes: Object.fromEntries(entries) as unknown },
    limits: { messageBytes: '500MB' },
  };
}

function tableOf(steps: readonly Step[]): string {
  const table = new Table({
    head: ['step', 'did', 'seconds', 'idle MiB', 'peak MiB', 'above', `limit ${LIMIT / MIB}`],
    style: { head: [], border: [] },
  });
  for (const { name, done, ms, idle, peak } of steps) {
    const above = peak - idle;
    table.push([
      ...[name, done, (ms / 1000).toFixed(2), inMib(idle), inMib(peak), inMib(above)],
      above <= LIMIT ? 'kept' : 'BROKEN',
    ]);
  }
  return table.toString();
}

function inMib(octets: number): string {
  return (octets / MIB).toFixed(1);
}

process.exitCode = await main(process.argv.slice(2));
