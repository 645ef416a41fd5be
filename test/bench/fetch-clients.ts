import { createHash } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { install } from '../support/mailferry-run.ts';
import type { ClientCommand } from './measured-client.ts';

/** Where one client works in one run: nothing in it is left from another. */
export interface FetchSite {
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  /** The authority of the server's certificate, for implicit TLS; null: clear text. */
  readonly caFile: string | null;
  readonly user: string;
  readonly password: string;
  readonly messages: number;
}

/** Debian's user of that name. */
const NOBODY = 65_534;

export interface FetchClient {
  readonly name: string;
  /** A package of the system that has it; none: it is here. */
  readonly program: string | null;
  /** Slow ones have fewer rounds. */
  readonly slow: boolean;
  command(site: FetchSite): ClientCommand;
  /** @param expected SHA-256 of each message, as sent and as a mail server stores it */
  fetched(site: FetchSite, stdout: string, expected: ReadonlySet<string>): Fetched;
}

export interface Fetched {
  readonly carried: number;
  /** How many of them are octet for octet what the server has; null: not looked at. */
  readonly exact: number | null;
}

export const embeddedFetch = beside('embedded-fetch.js');

export const mailferry: FetchClient = {
  name: 'mailferry (durable store)',
  program: null,
  slow: false,
  command: ({ folder, host, port, caFile, user, password }) => {
    const line = caFile === null ? { tls: 'none', allowCleartext: true } : { ca: caFile };
    const installed = install(
      folder,
      {
        domains: ['sink.test'],
        delivery: { smtp: { host: '127.0.0.1', port: 9, tls: 'none' } },
        mailboxes: {
          bench: {
            ...{ type: 'user', host, port, ...line, auth: 'plain', username: user },
            ...{ password: { secret: 'bench' }, deliverTo: ['bench@sink.test'] },
          },
        },
        logLevel: 'warn',
      },
      { bench: password },
    );
    const [, config = '', , data = '', , secrets = ''] = installed.common;
    return nodeScript(embeddedFetch, [config, data, secrets, 'bench']);
  },
  fetched: ({ folder }, _, expected) =>
    messagesIn(join(folder, 'data', 'Incoming', 'bench'), expected, (name) =>
      name.endsWith('.eml'),
    ),
};

export const mpop: FetchClient = {
  name: 'mpop, pipelining, maildir',
  program: 'mpop',
  slow: false,
  command: ({ folder, host, port, caFile, user, password }) => {
    const file = join(folder, 'mpoprc');
    const tls =
      caFile === null
        ? ['tls off']
        : ['tls on', 'tls_starttls off', `tls_trust_file ${caFile}`, 'tls_crl_file'];
    const lines = [
      ...['account bench', `host ${host}`, `port ${port}`, ...tls, 'auth plain'],
      ...[`user ${user}`, `password ${password}`, 'keep off', 'only_new off', 'pipelining on'],
      ...['received_header off', `uidls_file ${join(folder, 'uidls')}`],
      `delivery maildir ${makeMaildirFor(folder)}`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const args = ['-q', '-C', file, 'bench'];
    return { program: 'mpop', args, environment: { HOME: folder } };
  },
  fetched: ({ folder }, _, expected) => messagesIn(join(folder, 'Maildir', 'new'), expected),
};

export const fetchmail: FetchClient = {
  name: 'fetchmail, bsmtp file',
  program: 'fetchmail',
  slow: true,
  command: ({ folder, host, port, user, password }) => {
    const file = join(folder, 'fetchmailrc');
    writeFileSync(
      file,
      `poll ${host} proto pop3 port ${port} no envelope no dns auth password\n` +
        ` user "${user}" there with password "${password}" is "bench" here\n` +
        ` sslproto "" nokeep fetchall no rewrite no mimedecode\n` +
        ` bsmtp "${join(folder, 'batch')}" smtpaddress "sink.test"\n`,
      { mode: 0o600 },
    );
    const args = ['-f', file, '--nosyslog', '--pidfile', join(folder, 'pid'), '-s', '--invisible'];
    return { program: 'fetchmail', args, environment: { FETCHMAILHOME: folder, HOME: folder } };
  },
  // A batch for SMTP, with dots stuffed and fields of its own.
  fetched: ({ folder }) => ({
    carried: occurrences(join(folder, 'batch'), Buffer.from('\nMAIL FROM:', 'latin1')),
    exact: null,
  }),
};

export const getmail: FetchClient = {
  name: 'getmail6, maildir',
  program: 'getmail',
  slow: true,
  command: ({ folder, host, port, user, password }) => {
    const file = join(folder, 'getmailrc');
    const lines = [
      ...['[retriever]', 'type = SimplePOP3Retriever', `server = ${host}`, `port = ${port}`],
      ...[`username = ${user}`, `password = ${password}`],
      ...['[destination]', 'type = Maildir', `path = ${makeMaildirFor(folder, NOBODY)}/`],
      // It delivers nothing as root.
      'user = nobody',
      ...['[options]', 'read_all = true', 'delete = true', 'verbose = 0'],
      ...['received = false', 'delivered_to = false'],
    ];
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const args = ['--rcfile', file, '--getmaildir', folder];
    return { program: 'getmail', args, environment: { HOME: folder } };
  },
  fetched: ({ folder }, _, expected) => messagesIn(join(folder, 'Maildir', 'new'), expected),
};

export const nodePop3: FetchClient = {
  name: 'node-pop3, kept nowhere',
  program: null,
  slow: true,
  command: ({ host, port, user, password, messages }) =>
    nodeScript(beside('node-pop3.ts'), [host, String(port), user, password, String(messages)]),
  fetched: (_, stdout, expected) => fetchedAs(stdout.trim().split('\n'), expected),
};

function beside(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

function nodeScript(script: string, args: readonly string[]): ClientCommand {
  return { program: process.execPath, args: [script, ...args], environment: {} };
}

function makeMaildirFor(folder: string, owner = 0): string {
  const maildir = join(folder, 'Maildir');
  for (const part of ['tmp', 'new', 'cur']) mkdirSync(join(maildir, part), { recursive: true });
  for (const part of ['', 'tmp', 'new', 'cur']) chownSync(join(maildir, part), owner, owner);
  return maildir;
}

/** The messages of a folder. */
function messagesIn(
  folder: string,
  expected: ReadonlySet<string>,
  isMail: (name: string) => boolean = () => true,
): Fetched {
  if (!existsSync(folder)) return { carried: 0, exact: 0 };
  const names = readdirSync(folder).filter(isMail);
  return fetchedAs(
    names.map((name) => sha256(readFileSync(join(folder, name)))),
    expected,
  );
}

function fetchedAs(digests: readonly string[], expected: ReadonlySet<string>): Fetched {
  const exact = new Set(digests.filter((digest) => expected.has(digest)));
  return { carried: digests.filter((digest) => digest !== '').length, exact: exact.size };
}

function occurrences(file: string, part: Buffer): number {
  if (!existsSync(file)) return 0;
  const octets = readFileSync(file);
  let count = octets.subarray(0, part.length - 1).equals(part.subarray(1)) ? 1 : 0;
  for (let at = octets.indexOf(part); at !== -1; at = octets.indexOf(part, at + 1)) count += 1;
  return count;
}

export function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
