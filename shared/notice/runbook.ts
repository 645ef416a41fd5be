/**
 * What an alarm tells people to read. Each is a heading of docs/runbook.md, and a test holds that it is there: a
 * renamed heading must not leave an alarm pointing at nothing.
 */
export const RUNBOOK = {
  deadLetters: 'Dead letters',
  oldestOpen: 'Old mail is still on its way',
  failedGrowing: 'Failed mail',
  difference: 'The sweep found a difference',
  destinationDown: 'The mail system does not take mail',
  noSweep: 'The sweep does not run',
  mailboxFails: 'A mailbox fails',
  mailboxSilent: 'A mailbox is silent',
} as const;

export type RunbookEntry = keyof typeof RUNBOOK;

/** `docs/runbook.md#dead-letters`: the anchor as Markdown renderers make it of a heading. */
export function runbookLink(entry: RunbookEntry): string {
  const anchor = RUNBOOK[entry]
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-');
  return `docs/runbook.md#${anchor}`;
}
