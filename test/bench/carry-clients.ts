import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { MAILFERRY } from '../support/mailferry-command.ts';
import { install } from '../support/mailferry-run.ts';
import type { ClientCommand } from './measured-client.ts';

const RECIPIENT = 'bench@sink.test';

/** Where one client works in one run: nothing in it is left from another. */
export interface CarrySite {
  readonly folder: string;
  /** Of both servers. */
  readonly host: string;
  readonly popPort: number;
  readonly smtpPort: number;
  readonly user: string;
  readonly password: string;
}

export interface CarryClient {
  readonly name: string;
  /** Programs of the system's packages that it needs. */
  readonly programs: readonly string[];
  /** Slow ones have fewer rounds. */
  readonly slow: boolean;
  command(site: CarrySite): ClientCommand;
}

const mailferry: CarryClient = {
  name: 'mailferry (durable store)',
  programs: [],
  slow: false,
  command: ({ folder, host, popPort, smtpPort, user, password }) => {
    const clear = { tls: 'none', allowCleartext: true };
    const configuration = {
      domains: ['sink.test'],
      delivery: { transport: 'smtp', smtp: { host, port: smtpPort, ...clear } },
      mailboxes: {
        bench: {
          ...{ type: 'user', host, port: popPort, ...clear, auth: 'plain' },
          ...{ username: user, password: { secret: 'bench' }, deliverTo: [RECIPIENT] },
        },
      },
    };
    const { args } = install(folder, configuration, { bench: password });
    return { program: process.execPath, args: [MAILFERRY, ...args], environment: {} };
  },
};

const fetchmail: CarryClient = {
  name: 'fetchmail',
  programs: ['fetchmail'],
  slow: true,
  command: ({ folder, host, popPort, smtpPort, user, password }) => {
    const file = join(folder, 'fetchmailrc');
    writeFileSync(
      file,
      `poll ${host} proto pop3 port ${popPort} no envelope no dns auth password\n` +
        ` user "${user}" there with password "${password}" is "bench" here\n` +
        ` sslproto "" nokeep fetchall no rewrite no mimedecode\n` +
        ` smtphost "${host}/${smtpPort}" smtpaddress "sink.test"\n`,
      { mode: 0o600 },
    );
    const args = ['-f', file, '--nosyslog', '--pidfile', join(folder, 'pid'), '-s'];
    return { program: 'fetchmail', args, environment: { FETCHMAILHOME: folder, HOME: folder } };
  },
};

const mpop: CarryClient = {
  name: 'mpop, pipelining, msmtp',
  programs: ['mpop', 'msmtp'],
  slow: true,
  command: ({ folder, host, popPort, smtpPort, user, password }) => {
    const file = join(folder, 'mpoprc');
    const msmtp = `msmtp -C /dev/null --host=${host} --port=${smtpPort} --tls=off --auth=off`;
    const lines = [
      ...['account bench', `host ${host}`, `port ${popPort}`, 'tls off', 'auth plain'],
      ...[`user ${user}`, `password ${password}`, 'keep off', 'only_new off', 'pipelining on'],
      `uidls_file ${join(folder, 'uidls')}`,
      `delivery mda "${msmtp} --from=ann@nwtraders.example -- ${RECIPIENT}"`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const args = ['-q', '-C', file, 'bench'];
    return { program: 'mpop', args, environment: { HOME: folder } };
  },
};

/** Mailferry first: the others are compared with it. */
export const CARRY_CLIENTS: readonly CarryClient[] = [mailferry, fetchmail, mpop];
