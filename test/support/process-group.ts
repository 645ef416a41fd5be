import { readdirSync, readFileSync } from 'node:fs';

interface ProcessState {
  readonly pid: number;
  readonly state: string;
  readonly group: number;
}

/**
 * Ids of the processes of a group that still run (Linux). A zombie has ended: who collects it, and when, is the
 * business of the machine's init, which in a container may take its time.
 */
export function livingProcesses(group: number): number[] {
  return allProcesses()
    .filter((process) => process.group === group && process.state !== 'Z')
    .map(({ pid }) => pid);
}

function allProcesses(): ProcessState[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readState(Number(name)))
    .filter((state) => state !== null);
}

function readState(pid: number): ProcessState | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The program's name stands in parentheses and may hold blanks and parentheses itself (proc(5)).
    const [state = '', , group] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { pid, state, group: Number(group) };
  } catch {
    return null;
  }
}
