import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeScratchFolder, type ScratchFolder } from '../../support/scratch-folder.ts';
import { findProgram } from '../../support/system-packages.ts';

/** Where clients run that are far away from the servers, and where they find these. */
export interface FarAway {
  /** Network namespace of the clients. */
  readonly namespace: string;
  /** Of the servers, seen from there. */
  readonly serverAddress: string;
  /** Round trip, milliseconds. */
  readonly delayMs: number;
}

const NAME = 'mailferry-bench';
/** Only within the two namespaces, so they are nobody else's. */
const SERVER_ADDRESS = '10.99.7.1';
const CLIENT_ADDRESS = '10.99.7.2';
const SOURCE = fileURLToPath(new URL('delay-link.c', import.meta.url));

/** What the delaying link lacks on this machine, in words; empty when it can be made. */
export function missingForDelay(): string[] {
  const programs = [
    ['ip', 'ip (iproute2)'],
    ['nsenter', 'nsenter (util-linux)'],
    ['cc', 'a C compiler (cc)'],
  ] as const;
  const missing: string[] = programs
    .filter(([program]) => findProgram(program) === null)
    .map(([, name]) => name);
  if (process.getuid?.() !== 0) missing.push('root (network namespaces)');
  try {
    accessSync('/dev/net/tun', constants.R_OK | constants.W_OK);
  } catch {
    missing.push('/dev/net/tun');
  }
  return missing;
}

/** Two network namespaces, joined by a link with a delay. Gone with {@link remove}, or with this process. */
export class DelayedNetwork {
  readonly clients: FarAway;
  readonly #servers: string;
  readonly #scratch: ScratchFolder;
  readonly #link: ChildProcess;
  readonly #removeAtExit = (): void => {
    this.#removeNow();
  };

  private constructor(delayMs: number, servers: string, clients: string, scratch: ScratchFolder) {
    this.clients = { namespace: clients, serverAddress: SERVER_ADDRESS, delayMs };
    this.#servers = servers;
    this.#scratch = scratch;
    const program = join(scratch.path, 'delay-link');
    execFileSync('cc', ['-O2', '-o', program, SOURCE], { stdio: ['ignore', 'ignore', 'inherit'] });
    for (const name of [servers, clients]) ip('netns', 'add', name);
    process.prependOnceListener('exit', this.#removeAtExit);
    this.#link = spawn(program, [servers, clients, String(delayMs / 2)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** @param delayMs round trip */
  static async make(delayMs: number): Promise<DelayedNetwork> {
    removeLeftovers();
    const [servers, clients] = [`${NAME}-${process.pid}-s`, `${NAME}-${process.pid}-c`];
    const scratch = makeScratchFolder('delay-link');
    const network = new DelayedNetwork(delayMs, servers, clients, scratch);
    await network.#ready();
    for (const [name, own, other] of [
      [servers, SERVER_ADDRESS, CLIENT_ADDRESS],
      [clients, CLIENT_ADDRESS, SERVER_ADDRESS],
    ] as const) {
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'addr', 'add', own, 'peer', other, 'dev', 'link0');
      ip('-n', name, 'link', 'set', 'link0', 'mtu', '1500', 'txqueuelen', '10000', 'up');
    }
    return network;
  }

  /** The words of a command, to be run where the servers are. */
  nearServers(words: readonly string[]): readonly string[] {
    return ['nsenter', `--net=/run/netns/${this.#servers}`, ...words];
  }

  remove(): void {
    process.removeListener('exit', this.#removeAtExit);
    this.#removeNow();
  }

  async #ready(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#link.stdout?.once('data', () => {
        resolve();
      });
      this.#link.once('error', reject);
      this.#link.once('exit', (status) => {
        reject(new Error(`expected a delaying link, got exit status ${String(status)}`));
      });
    });
  }

  #removeNow(): void {
    this.#link.kill('SIGKILL');
    for (const name of [this.clients.namespace, this.#servers]) removeNamespace(name);
    this.#scratch.remove();
  }
}

/** The words of a command, to be run where far-away clients are. */
export function farAwayCommand(place: FarAway, words: readonly string[]): readonly string[] {
  return ['nsenter', `--net=/run/netns/${place.namespace}`, ...words];
}

/** A bench that was killed without a word leaves its namespaces; its process id is in their names. */
function removeLeftovers(): void {
  for (const name of namespaces()) {
    const pid = new RegExp(`^${NAME}-(\\d+)-[sc]$`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) removeNamespace(name);
  }
}

/** With whatever still runs in it: nobody else has anything there. */
function removeNamespace(name: string): void {
  try {
    const pids = execFileSync('ip', ['netns', 'pids', name], { encoding: 'latin1' });
    for (const pid of pids.split('\n').filter((line) => line !== '' && isAlive(Number(line)))) {
      if (Number(pid) !== process.pid) process.kill(Number(pid), 'SIGKILL');
    }
    ip('netns', 'del', name);
  } catch (error) {
    console.error(`network namespace ${name} is left: ${(error as Error).message}`);
  }
}

function namespaces(): string[] {
  try {
    return readdirSync('/run/netns');
  } catch {
    // The folder is made with the first namespace.
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function ip(...words: readonly string[]): void {
  execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'inherit'] });
}
