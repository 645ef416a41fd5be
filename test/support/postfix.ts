import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { LOOPBACK_NAMES, makeCertificateAuthority } from './certificate-authority.ts';
import { freePort } from './free-port.ts';
import { makeMaildir, readMaildir } from './maildir.ts';
import {
  mainCf,
  masterCf,
  QUEUE_FOLDERS,
  type PostfixConfiguration,
} from './postfix-configuration.ts';
import { makeScratchFolder, type ScratchFolder } from './scratch-folder.ts';
import { startServerProcess, type ServerProcess } from './server-process.ts';
import { requireProgram } from './system-packages.ts';

const DRAIN_MS = 60_000;
const POLL_MS = 25;

export interface PostfixOptions {
  /** Any address in these domains has a mailbox. */
  readonly domains: readonly string[];
  /** Addresses answered `550 5.1.1`. */
  readonly refuse?: readonly string[];
  /** Addresses answered `450 4.2.0`. */
  readonly defer?: readonly string[];
  /** Offers STARTTLS with a certificate of its own authority. */
  readonly tls?: boolean;
  /** Recipients in one transaction at most. */
  readonly recipientLimit?: number;
}

export interface PostfixDelivery {
  readonly recipient: string;
  /** MAIL FROM; `''` is the null reverse-path. */
  readonly sender: string;
  /** The message after Postfix's own trace fields, with LF line ends as stored. */
  readonly data: Buffer;
}

export interface Postfix {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
  readonly caFile: string;
  readonly folder: string;
  readonly pid: number;
  /** Waits until the queue is empty, then reads every message delivered so far, one a recipient. */
  delivered(): Promise<PostfixDelivery[]>;
  log(): string;
  /** Stops the server, waits for it and removes its folder. */
  stop(): Promise<void>;
}

/** Starts a Postfix of its own on a free port of 127.0.0.1. Needs root, as Postfix's master does. */
export async function startPostfix(options: PostfixOptions): Promise<Postfix> {
  const program = requireProgram('master', 'postfix');
  const scratch = makeScratchFolder('postfix');
  const { path: folder } = scratch;
  try {
    const port = await freePort();
    const authority = options.tls === true ? makeCertificateAuthority(folder) : null;
    const tls = authority?.issue('postfix', LOOPBACK_NAMES) ?? null;
    makeFolders(folder);
    const { domains, recipientLimit = null } = options;
    writeConfiguration({ folder, port, domains, tls, recipientLimit }, options);
    const log = (): string => readLog(folder);
    const server = await startServerProcess({
      program,
      // -s: stays in the foreground, under the process id that we know.
      args: ['-c', join(folder, 'etc'), '-s'],
      port,
      log,
    });
    return {
      host: '127.0.0.1',
      port,
      caPem: authority?.pem ?? '',
      caFile: authority?.file ?? '',
      folder,
      pid: server.pid,
      delivered: () => delivered(folder),
      log,
      stop: () => stop(server, scratch),
    };
  } catch (error) {
    scratch.remove();
    throw error;
  }
}

function makeFolders(folder: string): void {
  const postfix = numericId('-u', 'postfix');
  const postdrop = Number(
    execFileSync('getent', ['group', 'postdrop'], { encoding: 'latin1' }).split(':')[2],
  );
  const make = (name: string, mode: number, uid: number, gid: number): void => {
    mkdirSync(join(folder, name), { recursive: true });
    // mkdir's own mode is cut by the umask.
    chmodSync(join(folder, name), mode);
    chownSync(join(folder, name), uid, gid);
  };
  make('etc', 0o755, 0, 0);
  make('queue', 0o755, 0, 0);
  make('queue/pid', 0o755, 0, 0);
  make('queue/public', 0o710, postfix, postdrop);
  make('queue/maildrop', 0o730, postfix, postdrop);
  for (const name of QUEUE_FOLDERS) make(join('queue', name), 0o700, postfix, 0);
  make('data', 0o700, postfix, 0);
  makeMaildir(join(folder, 'mail', 'all'));
}

function numericId(option: string, name: string): number {
  return Number(execFileSync('id', [option, name], { encoding: 'latin1' }).trim());
}

function writeConfiguration(configuration: PostfixConfiguration, options: PostfixOptions): void {
  const { folder } = configuration;
  writeFileSync(join(folder, 'etc', 'main.cf'), mainCf(configuration));
  writeFileSync(join(folder, 'etc', 'master.cf'), masterCf(configuration));
  const replies = [
    ...(options.refuse ?? []).map((address) => `${address} 550 5.1.1 no such mailbox\n`),
    ...(options.defer ?? []).map((address) => `${address} 450 4.2.0 mailbox is busy\n`),
  ];
  writeFileSync(join(folder, 'recipients'), replies.join(''));
}

async function delivered(folder: string): Promise<PostfixDelivery[]> {
  for (let waited = 0; waited < DRAIN_MS; waited += POLL_MS) {
    if (queuedMessages(folder) === 0)
      return readMaildir(join(folder, 'mail', 'all')).map(readDelivery);
    await pause(POLL_MS);
  }
  throw new Error(
    `expected Postfix to deliver all it has accepted, ${queuedMessages(folder)} still wait: ${readLog(folder).slice(-2000)}`,
  );
}

function queuedMessages(folder: string): number {
  const waiting = ['incoming', 'active', 'deferred'].flatMap((name) =>
    readdirSync(join(folder, 'queue', name), { recursive: true, withFileTypes: true }),
  );
  return waiting.filter((entry) => entry.isFile()).length;
}

/** The fields that virtual(8) and smtpd(8) put on top, in their order. */
const TRACE_FIELDS = ['Return-Path', 'X-Original-To', 'Delivered-To', 'Received'] as const;

function readDelivery(stored: Buffer): PostfixDelivery {
  const values = new Map<string, string>();
  let at = 0;
  for (const name of TRACE_FIELDS) {
    const end = fieldEnd(stored, at);
    const field = stored.toString('latin1', at, end);
    if (!field.startsWith(`${name}: `)) {
      throw new Error(
        `expected Postfix's field ${name} on top of a delivered message, got ${field}`,
      );
    }
    values.set(name, field.slice(name.length + 2).trim());
    at = end;
  }
  return {
    recipient: values.get('Delivered-To') ?? '',
    sender: (values.get('Return-Path') ?? '').replace(/^<|>$/g, ''),
    data: stored.subarray(at),
  };
}

/** The octet after a field, its continuation lines included. */
function fieldEnd(stored: Buffer, from: number): number {
  let end = stored.indexOf('\n', from) + 1;
  while (end > 0 && (stored[end] === 0x20 || stored[end] === 0x09))
    end = stored.indexOf('\n', end) + 1;
  return end === 0 ? stored.length : end;
}

function readLog(folder: string): string {
  const file = join(folder, 'maillog');
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}

async function stop(server: ServerProcess, scratch: ScratchFolder): Promise<void> {
  await server.stop();
  scratch.remove();
}
