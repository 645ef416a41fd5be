import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { install } from '../support/mailferry-run.ts';
import { makeScratchFolder } from '../support/scratch-folder.ts';
import type { WorkerAnswer } from './memory-worker.ts';

/** What the garbage collector has to say is said by then. */
const REST_MS = 500;

/** One step of the connector; sizes of its resident set in octets. */
export interface Step {
  readonly name: string;
  readonly idle: number;
  readonly peak: number;
  readonly ms: number;
  readonly done: string;
}

/** A process with the embedded host, and a look at its memory from outside. */
export class WatchedWorker {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(child: ChildProcess, lines: Interface) {
    this.#child = child;
    this.#answers = lines[Symbol.asyncIterator]();
  }

  async opened(): Promise<void> {
    await this.#answer();
  }

  /** Lets it rest, tells it what to do, and looks at what it took. */
  async step(name: string, word: string): Promise<Step> {
    await pause(REST_MS);
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('expected a running process');
    const idle = sizeOf(pid, 'VmRSS');
    // Sets the kernel's peak back to what there is now (proc(5)).
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    this.#child.stdin?.write(`${word}\n`);
    const { ms, done } = await this.#answer();
    return { name, idle, peak: sizeOf(pid, 'VmHWM'), ms, done };
  }

  async #answer(): Promise<WorkerAnswer> {
    const next = await this.#answers.next();
    if (next.done === true) throw new Error('the process ended before it answered');
    return JSON.parse(next.value) as WorkerAnswer;
  }
}

/** Starts the worker on a configuration, lets `work` tell it what to do, and ends it. */
export async function withWatchedWorker(
  configuration: unknown,
  secrets: Readonly<Record<string, string>>,
  work: (worker: WatchedWorker) => Promise<Step[]>,
): Promise<Step[]> {
  const scratch = makeScratchFolder('memory');
  const installed = install(scratch.path, configuration, secrets);
  const [, config = '', , data = '', , secretsFile = ''] = installed.common;
  const script = fileURLToPath(new URL('memory-worker.ts', import.meta.url));
  const child = spawn(process.execPath, [script, config, data, secretsFile], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const killAtExit = (): void => {
    child.kill('SIGKILL');
  };
  process.prependOnceListener('exit', killAtExit);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const worker = new WatchedWorker(child, createInterface({ input: child.stdout }));
    await worker.opened();
    const steps = await work(worker);
    child.stdin.end();
    await ended;
    return steps;
  } finally {
    process.removeListener('exit', killAtExit);
    child.kill('SIGKILL');
    scratch.remove();
  }
}

/** A line of proc(5)'s status, in octets. */
function sizeOf(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
}
