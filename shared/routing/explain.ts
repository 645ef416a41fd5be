import type { DecidedRecipient, Decision } from './decision.ts';

/** What `mailferry explain --json` prints. */
export interface Explanation {
  readonly outcome: Decision['outcome'];
  readonly recipients: Decision['recipients'];
  readonly ignored: Decision['ignored'];
  readonly mailFrom: string;
  readonly removed: readonly string[];
  readonly renamed: Readonly<Record<string, string>>;
  /** Names of the fields put on top. */
  readonly added: readonly string[];
  readonly warnings: readonly string[];
}

export function explanation(decision: Decision): Explanation {
  return {
    outcome: decision.outcome,
    recipients: decision.recipients.map(({ address, source, rule, alias }) => ({
      address,
      source,
      rule,
      alias,
    })),
    ignored: decision.ignored.map(({ address, source, reason }) => ({ address, source, reason })),
    mailFrom: decision.mailFrom,
    removed: [...decision.edits.remove],
    renamed: { ...decision.edits.rename },
    added: decision.edits.add.map(fieldName),
    warnings: [...decision.warnings],
  };
}

/** The same for people, a line each. */
export function explainInWords(decision: Decision): string[] {
  const { edits } = decision;
  return [
    headline(decision),
    ...decision.recipients.map((recipient) => `  ${recipient.address} (${origin(recipient)})`),
    ...ignoredLines(decision),
    `Envelope sender: ${decision.mailFrom === '' ? '<> (null reverse-path)' : decision.mailFrom}`,
    ...listed('Removed fields', edits.remove),
    ...listed(
      'Renamed fields',
      Object.entries(edits.rename).map(([from, to]) => `${from} to ${to}`),
    ),
    ...listed('Added fields', edits.add.map(fieldName)),
    ...decision.warnings.map((warning) => `Warning: ${warning}`),
  ];
}

function headline({ outcome, recipients }: Decision): string {
  if (outcome === 'held') return 'Held: nothing is sent';
  if (outcome === 'undeliverable') return 'Undeliverable: goes to the mailbox for such mail';
  return recipients.length === 1
    ? 'Delivered to 1 recipient'
    : `Delivered to ${recipients.length} recipients`;
}

function origin({ source, rule, alias }: DecidedRecipient): string {
  const from = source === 'mailbox' ? 'fixed target of the mailbox' : `from ${source}`;
  const byRule = rule === null ? '' : `, rule ${rule}`;
  return alias === null ? from + byRule : `${from}${byRule}, alias ${alias}`;
}

function ignoredLines({ ignored, ignoredCount }: Decision): string[] {
  if (ignoredCount === 0) return [];
  const more = ignoredCount - ignored.length;
  return [
    `Passed over: ${ignoredCount}`,
    ...ignored.map(({ address, source, reason }) => `  ${address} (${source}): ${reason}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function listed(label: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${label}: ${items.join(', ')}`];
}

function fieldName(field: string): string {
  return field.slice(0, field.indexOf(':'));
}
