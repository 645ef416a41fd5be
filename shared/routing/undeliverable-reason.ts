import type { Findings } from './find-recipients.ts';

/** Counts, reasons and names of fields only: it is read by people, and holds nothing that a sender wrote. */
export function undeliverableReason({ tally, fields, consulted }: Findings): string {
  const rules = consulted.some(({ source }) => source === 'rules') ? ', and no rule matches' : '';
  const names = [...new Set(fields)];
  if (tally.ignoredCount === 0) return `no address in ${listed(names, 'or')}${rules}`;
  const counts = [...tally.reasons].map(([reason, count]) => `${count} ${reason}`);
  return `no recipient among the addresses in ${listed(names, 'and')} (${counts.join(', ')})${rules}`;
}

function listed(names: readonly string[], joint: 'and' | 'or'): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${joint} ${last}`;
}
