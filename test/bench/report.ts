import Table from 'cli-table3';

import type { Measurement } from './measured-client.ts';

/** One client in one round. */
export interface Run extends Measurement {
  readonly carried: number;
  /** How many of them came through octet for octet; null: not looked at. */
  readonly exact: number | null;
}

/** One client in all its rounds; the first has the same number for all clients. */
export interface Row {
  readonly name: string;
  readonly runs: readonly Run[];
}

export interface Workload {
  readonly messages: number;
  readonly octets: number;
}

/**
 * The table of all clients. Ratios are against the first row, round by round, since a busy machine slows neighbours
 * alike: above 1 is slower than the first.
 */
export function report(rows: readonly Row[], work: Workload): string {
  const table = new Table({
    head: [
      'client',
      'seconds',
      'messages/s',
      'MB/s',
      'CPU s',
      'peak RSS MB',
      'time',
      'CPU',
      'messages',
      'exact octets',
    ],
    style: { head: [], border: [] },
  });
  const first = rows[0]?.runs ?? [];
  for (const row of rows) table.push(cells(row, first, work));
  return [table.toString(), ...faults(rows)].join('\n');
}

function cells({ name, runs }: Row, first: readonly Run[], work: Workload): string[] {
  const seconds = runs.map((run) => run.seconds);
  const middle = median(seconds);
  const ratio = (of: (run: Run) => number): string =>
    isWhole(first, work) && isWhole(runs, work)
      ? `${median(pairedRatios(runs, first, of)).toFixed(2)} x`
      : '-';
  return [
    name,
    `${middle.toFixed(2)} [${Math.min(...seconds).toFixed(2)}-${Math.max(...seconds).toFixed(2)}]`,
    (work.messages / middle).toFixed(0),
    (work.octets / 1e6 / middle).toFixed(0),
    median(runs.map((run) => run.cpuSeconds)).toFixed(2),
    (median(runs.map((run) => run.peakRss)) / 1e6).toFixed(0),
    ratio((run) => run.seconds),
    ratio((run) => run.cpuSeconds),
    carriedInWords(runs, work),
    exactInWords(runs),
  ];
}

/** Each round's value over that of the first client in the same round. */
export function pairedRatios(
  runs: readonly Run[],
  first: readonly Run[],
  of: (run: Run) => number,
): number[] {
  return runs.flatMap((run, round) => {
    const beside = first[round];
    return beside === undefined ? [] : [of(run) / of(beside)];
  });
}

/** A time of a run that did not carry everything compares with nothing: it is marked. */
function carriedInWords(runs: readonly Run[], work: Workload): string {
  const least = Math.min(...runs.map((run) => run.carried));
  return `${least} of ${work.messages}${isWhole(runs, work) ? '' : ' (INCOMPLETE)'}`;
}

function exactInWords(runs: readonly Run[]): string {
  const known = runs.flatMap(({ exact }) => exact ?? []);
  return known.length === 0 ? '-' : String(Math.min(...known));
}

/** Whether every run ended well and carried every message. */
export function isWhole(runs: readonly Run[], { messages }: Workload): boolean {
  return runs.every((run) => run.fault === null && run.carried === messages);
}

function faults(rows: readonly Row[]): string[] {
  return rows.flatMap(({ name, runs }) =>
    runs.flatMap(({ fault }, round) =>
      fault === null ? [] : [`${name}, round ${round + 1}: ${fault}`],
    ),
  );
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (upper + lower) / 2;
}
