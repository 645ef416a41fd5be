import type { Differences } from '../../shared/ledger/comparison-record.ts';
import type { Notice } from '../../shared/notice/notice.ts';
import { REPAIRS } from './repair-difference.ts';

/** The notice of what a comparison found; from its record alone, so that a second try makes the same octets. */
export function differencesNotice(
  { since, found }: { readonly since: number; readonly found: Differences },
  to: string,
): Notice {
  const { count, listed } = found;
  const differences = count === 1 ? '1 difference' : `${count} differences`;
  const unnamed = count - listed.length;
  const lines = [
    `Once a day the mail in Failed/ is compared with what is recorded of it. There ${count === 1 ? 'was' : 'were'} ${differences}:`,
    '',
    ...listed.flatMap(({ message, kind }) => [`  ${message}`, `    ${REPAIRS[kind]}`]),
    ...(unnamed > 0 ? [`  and ${unnamed} more, which the log names`] : []),
    '',
    'A difference comes of a step that died halfway, or of somebody who changed the folder or bucket by',
    'hand. Many of them, or one every day, are a fault of the program: keep the log.',
    'What to do: docs/runbook.md, "The sweep found a difference".',
  ];
  return {
    subjectKey: `differences:${since}`,
    to,
    at: since,
    subject: `${differences} between Failed/ and what is recorded of it`,
    text: `${lines.join('\n')}\n`,
    report: null,
  };
}
