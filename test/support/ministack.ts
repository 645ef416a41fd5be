import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { freePort } from './free-port.ts';
import { installedMiniStack, pathWithOurNode } from './ministack-installation.ts';
import { livingProcesses } from './process-group.ts';
import { makeScratchFolder } from './scratch-folder.ts';

const PROGRAM = fileURLToPath(new URL('ministack_with_retention.py', import.meta.url));
const START_MS = 60_000;
const STOP_MS = 10_000;
const POLL_MS = 50;
const QUOTED_LOG = 2000;

export interface MiniStack {
  /** `http://127.0.0.1:<port>`, for every service. */
  readonly endpoint: string;
  /** What an SDK client, the CDK or the command needs to find it: endpoint, region, keys that are none. */
  readonly environment: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Its own log, with what the Lambdas wrote. */
  log(): string;
  /** Ends it and every Lambda that it started, and removes what it wrote. May be called twice. */
  stop(): Promise<void>;
}

export interface MiniStackOptions {
  /** `host:port` of an SMTP server that gets what is handed to SES. */
  readonly sesRelay?: string;
}

/** Starts a MiniStack of its own on a free port of 127.0.0.1, empty, and waits until it is healthy. */
export async function startMiniStack(options: MiniStackOptions = {}): Promise<MiniStack> {
  const python = installedMiniStack();
  const scratch = makeScratchFolder('ministack');
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const logFile = join(scratch.path, 'ministack.log');
  const child = startProcess(python, port, scratch.path, logFile, options);
  const log = (): string => readFileSync(logFile, 'utf8');
  const stop = async (): Promise<void> => {
    await stopGroup(child);
    scratch.remove();
  };
  try {
    await waitUntilHealthy(endpoint, child, log);
  } catch (error) {
    await stop();
    throw error;
  }
  const environment = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    // Without it a client on a machine that has no keys would ask the metadata service of EC2.
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  return { endpoint, environment, pid: child.pid ?? 0, log, stop };
}

function startProcess(
  python: string,
  port: number,
  folder: string,
  logFile: string,
  { sesRelay }: MiniStackOptions,
): ChildProcess {
  const output = openSync(logFile, 'a');
  const child = spawn(python, [PROGRAM], {
    // Its own process group: the Lambdas are its children, and must not outlive it.
    detached: true,
    cwd: folder,
    stdio: ['ignore', output, output],
    env: {
      PATH: pathWithOurNode(),
      HOME: folder,
      TMPDIR: folder,
      // All interfaces otherwise.
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      // Queue URLs, and the endpoint that Lambdas are given, name the host that it is bound to.
      MINISTACK_HOST: '127.0.0.1',
      // Two more listeners, on fixed ports of all interfaces.
      SFTP_ENABLED: '0',
      IOT_MTLS_ENABLED: '0',
      PYTHONUNBUFFERED: '1',
      ...(sesRelay === undefined ? {} : { SMTP_HOST: sesRelay }),
    },
  });
  closeSync(output);
  const killAtExit = (): void => {
    killGroup(child, 'SIGKILL');
  };
  process.prependOnceListener('exit', killAtExit);
  child.once('exit', () => {
    process.removeListener('exit', killAtExit);
  });
  // A program that is not there is told by the wait below, by its missing process id.
  child.once('error', () => undefined);
  return child;
}

async function waitUntilHealthy(
  endpoint: string,
  child: ChildProcess,
  log: () => string,
): Promise<void> {
  const until = performance.now() + START_MS;
  while (!(await isHealthy(endpoint))) {
    if (hasEnded(child) || performance.now() > until) {
      const state = hasEnded(child) ? 'it ended' : `it did not within ${START_MS} ms`;
      const words = log().slice(-QUOTED_LOG);
      throw new Error(`expected MiniStack to become healthy on ${endpoint}, ${state}: ${words}`);
    }
    await pause(POLL_MS);
  }
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    const answer = await fetch(`${endpoint}/_ministack/health`, {
      signal: AbortSignal.timeout(5000),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

async function stopGroup(child: ChildProcess): Promise<void> {
  killGroup(child, 'SIGTERM');
  for (let waited = 0; groupIsAlive(child); waited += POLL_MS) {
    if (waited >= STOP_MS) killGroup(child, 'SIGKILL');
    await pause(POLL_MS);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function groupIsAlive({ pid }: ChildProcess): boolean {
  return pid !== undefined && livingProcesses(pid).length > 0;
}

/** The group is named by its first process; it is asked for first, since its number may be somebody else's by now. */
function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined || !groupIsAlive(child)) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // The last of them ended in between.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
