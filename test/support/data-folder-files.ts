import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

import type { FailureReport } from '../../shared/store/mail-store.ts';

/** The files of an area of the data folder as `<mailbox>/<name>`, sorted; none where there is no folder. */
export function filesIn(data: string, area: 'Incoming' | 'Failed'): string[] {
  const root = join(data, area);
  return namesIn(root)
    .filter((mailbox) => statSync(join(root, mailbox)).isDirectory())
    .flatMap((mailbox) => namesIn(join(root, mailbox)).map((name) => `${mailbox}/${name}`))
    .sort();
}

/** Octets of a file of an area. */
export function contentOf(data: string, area: 'Incoming' | 'Failed', file: string): Buffer {
  return readFileSync(join(data, area, file));
}

/** Every report in `Failed/`, in the order of their names. */
export function reportsIn(data: string): FailureReport[] {
  return filesIn(data, 'Failed')
    .filter((name) => name.endsWith('.json'))
    .map((file) => JSON.parse(contentOf(data, 'Failed', file).toString('utf8')) as FailureReport);
}

/** The one report in `Failed/`. */
export function onlyReport(data: string): FailureReport {
  const [report, ...others] = reportsIn(data);
  if (report === undefined || others.length > 0) {
    throw new Error(`expected one report in Failed/, got ${filesIn(data, 'Failed').join(', ')}`);
  }
  return report;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** All of a data folder but the mail: ledger, queues, reports, keys, whatever else lies there. */
export function filesBesideMail(data: string): Map<string, Buffer> {
  const files = readdirSync(data, { recursive: true, encoding: 'utf8' })
    .map((name) => join(data, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith('.eml'));
  return new Map(files.map((path) => [relative(data, path), readFileSync(path)]));
}
