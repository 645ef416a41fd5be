import Table from 'cli-table3';

import type { BenchClient } from './clients.ts';
import type { Measurement } from './measured-client.ts';
import { BENCH_MAILS } from './sample-mailbox.ts';

/** One client in one round. */
export interface Run extends Measurement {
  readonly carried: number;
}

/** The table of all clients; ratios are against the first one, Mailferry. */
export function report(runs: ReadonlyMap<BenchClient, readonly Run[]>): string {
  const table = new Table({
    head: [
      'client',
      'seconds',
      'messages/s',
      'CPU s',
      'peak RSS MB',
      'time',
      'CPU',
      'whole and right',
    ],
    style: { head: [], border: [] },
  });
  const [first] = runs.values();
  for (const [client, ofClient] of runs) table.push(row(client, ofClient, first ?? []));
  return [table.toString(), ...faults(runs)].join('\n');
}

function row(client: BenchClient, runs: readonly Run[], mailferry: readonly Run[]): string[] {
  const seconds = runs.map((run) => run.seconds);
  const middle = median(seconds);
  const cpu = median(runs.map((run) => run.cpuSeconds));
  const ratio = (value: number, of: (run: Run) => number): string =>
    isWhole(mailferry) ? `${(value / median(mailferry.map(of))).toFixed(2)} x` : '-';
  return [
    client.work === 'fetches' ? `${client.name} (fetch only)` : client.name,
    `${middle.toFixed(2)} [${Math.min(...seconds).toFixed(2)}-${Math.max(...seconds).toFixed(2)}]`,
    (BENCH_MAILS / middle).toFixed(0),
    cpu.toFixed(2),
    (median(runs.map((run) => run.peakRss)) / 1e6).toFixed(0),
    ratio(middle, (run) => run.seconds),
    ratio(cpu, (run) => run.cpuSeconds),
    carriedInWords(runs),
  ];
}

/** A time of a run that did not carry everything compares with nothing: it is marked. */
function carriedInWords(runs: readonly Run[]): string {
  const least = Math.min(...runs.map((run) => run.carried));
  return `${least} of ${BENCH_MAILS}${isWhole(runs) ? '' : ' (INCOMPLETE)'}`;
}

/** Whether every run ended well and carried every message. */
export function isWhole(runs: readonly Run[]): boolean {
  return runs.every((run) => run.fault === null && run.carried === BENCH_MAILS);
}

function faults(runs: ReadonlyMap<BenchClient, readonly Run[]>): string[] {
  return [...runs].flatMap(([client, ofClient]) =>
    ofClient.flatMap(({ fault }, round) =>
      fault === null ? [] : [`${client.name}, round ${round + 1}: ${fault}`],
    ),
  );
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
  return (upper + lower) / 2;
}
