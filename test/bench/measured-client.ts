import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { farAwayCommand, type FarAway } from './network/delayed-network.ts';

/** A client that takes longer is killed, and its row says so. */
const TIME_LIMIT_MS = 300_000;
/** The kernel keeps the peak of each process that lives; what is missed is the end of one. */
const SAMPLE_MS = 40;
/** proc(5) counts processor time in ticks, of which Linux has 100 a second on every machine in use. */
const TICKS_PER_SECOND = 100;

export interface ClientCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Measurement {
  readonly seconds: number;
  /** User and system time of the client and of every process it started and waited for. */
  readonly cpuSeconds: number;
  /** Largest resident set that one process of the client ever had, in octets. */
  readonly peakRss: number;
  readonly stdout: string;
  /** Why the run does not count as ended well; `null` when it does. */
  readonly fault: string | null;
}

/**
 * Runs one client to its end and takes its times. Only one may run at a time: the kernel adds up all children.
 * @param place far away from the servers; null: beside them
 */
export async function measure(
  command: ClientCommand,
  place: FarAway | null = null,
): Promise<Measurement> {
  const words = [command.program, ...command.args];
  const [program = '', ...args] = place === null ? words : farAwayCommand(place, words);
  const cpuBefore = childrenCpuSeconds();
  const from = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...command.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killAtExit = (): void => {
    child.kill('SIGKILL');
  };
  // Before the hook that removes the folder, or what still runs writes it anew.
  process.prependOnceListener('exit', killAtExit);
  let peakRss = 0;
  const sampling = setInterval(() => {
    if (child.pid !== undefined)
      peakRss = Math.max(peakRss, ...descendants(child.pid).map(peakRssOf));
  }, SAMPLE_MS);
  let overdue = false;
  const limit = setTimeout(() => {
    overdue = true;
    child.kill('SIGKILL');
  }, TIME_LIMIT_MS);

  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString('latin1')));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString('latin1')));
  const end = await new Promise<string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (status, signal) => {
      resolve(status === 0 ? '' : `exit status ${String(status ?? signal)}`);
    });
  });
  const seconds = (performance.now() - from) / 1000;
  clearInterval(sampling);
  clearTimeout(limit);
  process.removeListener('exit', killAtExit);
  const cpuSeconds = childrenCpuSeconds() - cpuBefore;
  return {
    seconds,
    cpuSeconds,
    peakRss,
    stdout: output.stdout,
    fault: fault(end, overdue, output.stderr),
  };
}

function fault(end: string, overdue: boolean, stderr: string): string | null {
  if (overdue) return `killed after ${TIME_LIMIT_MS / 1000} s`;
  if (end === '') return null;
  // What a program says last is what it ended of; Node prints its own version after that.
  const lines = stderr
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('Node.js'));
  return `${end}: ${(lines.find((line) => line.includes('Error')) ?? lines.at(-1) ?? '').slice(0, 200)}`;
}

/** Processor time of all ended children of this process and of theirs: fields 16 and 17 of proc(5)'s stat. */
function childrenCpuSeconds(): number {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

/** The process and all that it started; cheap, for it is looked up often beside what is measured. */
function descendants(root: number): number[] {
  const found = [root];
  for (const pid of found) {
    try {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
      found.push(
        ...children
          .split(' ')
          .filter((word) => word !== '')
          .map(Number),
      );
    } catch {
      // It has ended.
    }
  }
  return found;
}

function peakRssOf(pid: number): number {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(
      readFileSync(`/proc/${pid}/status`, 'latin1'),
    )?.[1];
    return Number(kibibytes ?? 0) * 1024;
  } catch {
    // It ended between the listing and this look.
    return 0;
  }
}
