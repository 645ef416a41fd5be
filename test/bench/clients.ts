import { createHash } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { asSentByDovecot } from '../support/line-ends.ts';
import { MAILFERRY } from '../support/mailferry-command.ts';
import { install } from '../support/mailferry-run.ts';
import { findProgram } from '../support/system-packages.ts';
import type { ClientCommand } from './measured-client.ts';

export const BENCH_USER = 'bench';
export const BENCH_PASSWORD = 'secret';
const RECIPIENT = 'bench@sink.test';

/** Where one client works in one round: nothing in it is left from another. */
export interface Site {
  readonly folder: string;
  readonly popPort: number;
  readonly smtpPort: number;
}

export interface BenchClient {
  readonly name: string;
  /** `carries` brings the mail to the SMTP server; `fetches` is done when it has it. */
  readonly work: 'carries' | 'fetches';
  /** Programs of the system's packages that it needs. */
  readonly programs: readonly string[];
  command(site: Site): ClientCommand;
  /** For one that only fetches: how many messages it has, read from its folder or from its output. */
  fetched?(site: Site, stdout: string, mails: readonly Buffer[]): number;
}

const mailferry: BenchClient = {
  name: 'mailferry',
  work: 'carries',
  programs: [],
  command: ({ folder, popPort, smtpPort }) => {
    const configuration = {
      domains: ['sink.test'],
      delivery: { transport: 'smtp', smtp: { host: '127.0.0.1', port: smtpPort, tls: 'none' } },
      mailboxes: {
        bench: {
          ...{ type: 'user', host: '127.0.0.1', port: popPort, tls: 'none', auth: 'plain' },
          ...{ username: BENCH_USER, password: { secret: 'bench' }, deliverTo: [RECIPIENT] },
        },
      },
    };
    const { args } = install(folder, configuration, { bench: BENCH_PASSWORD });
    return { program: process.execPath, args: [MAILFERRY, ...args], environment: {} };
  },
};

const fetchmail: BenchClient = {
  name: 'fetchmail',
  work: 'carries',
  programs: ['fetchmail'],
  command: ({ folder, popPort, smtpPort }) => {
    const file = join(folder, 'fetchmailrc');
    writeFileSync(
      file,
      `poll 127.0.0.1 proto pop3 port ${popPort} no envelope no dns\n` +
        ` user "${BENCH_USER}" there with password "${BENCH_PASSWORD}" is "bench" here\n` +
        ` sslproto "" nokeep fetchall no rewrite no mimedecode\n` +
        ` smtphost "127.0.0.1/${smtpPort}" smtpaddress "sink.test"\n`,
      { mode: 0o600 },
    );
    const args = ['-f', file, '--nosyslog', '--pidfile', join(folder, 'pid'), '-s'];
    return { program: 'fetchmail', args, environment: { FETCHMAILHOME: folder, HOME: folder } };
  },
};

function mpopCommand({ folder, popPort }: Site, delivery: string): ClientCommand {
  const file = join(folder, 'mpoprc');
  const lines = [
    ...['account bench', 'host 127.0.0.1', `port ${popPort}`, 'tls off', 'auth user'],
    ...[`user ${BENCH_USER}`, `password ${BENCH_PASSWORD}`, 'keep off', 'only_new off'],
    ...['pipelining on', `uidls_file ${join(folder, 'uidls')}`, `delivery ${delivery}`],
  ];
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return { program: 'mpop', args: ['-q', '-C', file, 'bench'], environment: { HOME: folder } };
}

const mpopWithMsmtp: BenchClient = {
  name: 'mpop + msmtp',
  work: 'carries',
  programs: ['mpop', 'msmtp'],
  command: (site) => {
    const options = `--host=127.0.0.1 --port=${site.smtpPort} --tls=off --auth=off --from=ann@nwtraders.example`;
    return mpopCommand(site, `mda "msmtp -C /dev/null ${options} -- ${RECIPIENT}"`);
  },
};

const mpop: BenchClient = {
  name: 'mpop to a Maildir',
  work: 'fetches',
  programs: ['mpop'],
  command: (site) => {
    const maildir = join(site.folder, 'Maildir');
    for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(maildir, part), { recursive: true });
    return mpopCommand(site, `maildir ${maildir}`);
  },
  fetched: ({ folder }) => {
    const received = join(folder, 'Maildir', 'new');
    return existsSync(received) ? readdirSync(received).length : 0;
  },
};

const nodePop3: BenchClient = {
  name: 'node-pop3 RETR(), exact octets',
  work: 'fetches',
  programs: [],
  command: ({ popPort }) => ({
    program: process.execPath,
    args: [fileURLToPath(new URL('./node-pop3.ts', import.meta.url)), String(popPort)],
    environment: {},
  }),
  fetched: (_, stdout, mails) => {
    const digests = stdout.trim().split('\n');
    return mails.filter((mail, index) => sha256(asSentByDovecot(mail)) === digests[index]).length;
  },
};

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}

export const CLIENTS: readonly BenchClient[] = [
  mailferry,
  fetchmail,
  mpopWithMsmtp,
  mpop,
  nodePop3,
];

/** Programs that a client needs and this machine lacks. */
export function missingPrograms(client: BenchClient): string[] {
  return client.programs.filter((program) => findProgram(program) === null);
}
