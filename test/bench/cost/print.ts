import { billOf } from './bill.ts';
import type { Bill } from './bill.ts';
import { isKept } from './budgets.ts';
import type { Checked } from './budgets.ts';
import { ASSUMED_SECONDS } from './model.ts';
import type { Sizes } from './model.ts';
import { PRICES, PRICES_OF } from './price-table.ts';
import type { Usage } from './price-table.ts';
import type { BilledFunction } from './stage-functions.ts';
import type { Story } from './story.ts';

export interface CostReport {
  readonly story: Story;
  readonly sizes: Sizes;
  readonly million: Bill;
  /** A million messages of which no two come together. */
  readonly alone: Bill;
  readonly month: Usage;
  readonly budgets: readonly Checked[];
}

export function printCost(report: CostReport): void {
  const { story, million, alone, month, budgets } = report;
  const { region, currency, month: asOf } = PRICES_OF;
  const idle = billOf(month, 'list');
  const lines = [
    `Requests a message: ${story.messages} messages of 50 KB, one recipient each, by SMTP, in full batches`,
    ...requestLines(story),
    '',
    `A million such messages: list prices of ${region}, ${asOf}, ${currency}, without traffic and 30-day copies`,
    ...billLines(million),
    `  when no two of them come together instead: ${alone.dollars.toFixed(2)}`,
    '',
    'A month without mail, 5 mailboxes every 5 minutes',
    ...billLines(idle),
    `  where nothing else in the account uses what is free each month: ${billOf(month, 'beyond what is free').dollars.toFixed(2)}`,
    '',
    'Budgets',
    ...budgets.map(budgetLine),
    '',
    'Modelled, since AWS makes them itself: what S3 sends to the queue, and receives, deletes and empty polls of event',
    'sources. Assumed, since nobody measured them in an account: seconds of an invocation and of each message in it.',
    ...assumed(report.sizes),
    '',
    `Prices of ${region}, ${asOf}`,
    ...Object.values(PRICES).map(
      ({ dollars, per, unit, source }) =>
        `  ${String(dollars).padEnd(13)}for ${per.toLocaleString('en-US')} ${unit}: ${source}`,
    ),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function requestLines({ inBulk, messages }: Story): string[] {
  const row = (name: string, total: number) =>
    `  ${name.padEnd(36)}${(total / messages).toFixed(3).padStart(9)}`;
  const calls = [...inBulk.calls].map(([name, count]) => row(`invocations of ${name}`, count));
  const kinds = (units: ReadonlyMap<string, number>, words: string) =>
    [...units].map(([kind, total]) => row(`${words}, ${kind}`, total));
  return [
    ...[...inBulk.count.requests].toSorted().map(([name, total]) => row(name, total)),
    ...kinds(inBulk.count.readUnits, 'DynamoDB read units'),
    ...kinds(inBulk.count.writeUnits, 'DynamoDB write units'),
    row('DynamoDB write units, indexes', inBulk.count.indexWriteUnits),
    row('octets of log', inBulk.log.octets),
    ...calls,
  ];
}

function billLines({ lines, dollars }: Bill): string[] {
  return [
    ...lines.map(({ name, units, dollars: each }) => {
      const words = `${Math.round(units).toLocaleString('en-US')} ${PRICES[name].unit}`;
      return `  ${name.padEnd(12)}${each.toFixed(2).padStart(7)}  ${words}`;
    }),
    `  ${'in all'.padEnd(12)}${dollars.toFixed(2).padStart(7)}`,
  ];
}

function budgetLine(checked: Checked): string {
  const { what, figure, budget } = checked;
  const verdict = isKept(checked) ? 'kept  ' : 'BROKEN';
  return `  ${verdict}  ${what.padEnd(54)}${figure.toFixed(2).padStart(7)}  at most ${String(budget)}`;
}

function assumed({ memoryMiB }: Sizes): string[] {
  return Object.entries(ASSUMED_SECONDS).map(([name, { call, message }]) => {
    const size = memoryMiB.get(name as BilledFunction) ?? 0;
    return `  ${name.padEnd(10)}${String(call).padEnd(5)}${String(message).padEnd(5)} ${size} MiB`;
  });
}
