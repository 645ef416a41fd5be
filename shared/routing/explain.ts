import type { ConsultedSource, DecidedRecipient, Decision } from './decision.ts';
import { UNDELIVERABLE_FIELD } from './planned-edits.ts';

/** What `mailferry explain --json` prints. */
export interface Explanation {
  readonly outcome: Decision['outcome'];
  readonly recipients: Decision['recipients'];
  /** The first 50. */
  readonly ignored: Decision['ignored'];
  readonly ignoredCount: number;
  readonly mailFrom: string;
  readonly removed: readonly string[];
  readonly renamed: Readonly<Record<string, string>>;
  /** Names of the fields put on top. */
  readonly added: readonly string[];
  /** Why nobody was found, as the added field says it; null: somebody was, or the message is held. */
  readonly reason: string | null;
  /** What was asked for recipients, in order; empty where they are fixed. */
  readonly sources: readonly ConsultedSource[];
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
    ignoredCount: decision.ignoredCount,
    mailFrom: decision.mailFrom,
    removed: [...decision.edits.remove],
    renamed: { ...decision.edits.rename },
    added: decision.edits.add.map(fieldName),
    reason: undeliverableReasonOf(decision),
    sources: (decision.consulted ?? []).map(({ source, addresses, result }) => ({
      source,
      addresses,
      result,
    })),
    warnings: [...decision.warnings],
  };
}

/** The same for people, a line each. */
export function explainInWords(decision: Decision): string[] {
  const { edits } = decision;
  return [
    headline(decision),
    ...decision.recipients.map((recipient) => `  ${recipient.address} (${origin(recipient)})`),
    ...decision.warnings.map(
      (text) => `${decision.outcome === 'held' ? 'Why' : 'Warning'}: ${text}`,
    ),
    ...listed('Why', undeliverableReasonOf(decision) ?? []),
    ...consultedLines(decision.consulted ?? []),
    ...ignoredLines(decision),
    ...envelopeSender(decision),
    ...listed('Removed fields', edits.remove),
    ...listed(
      'Renamed fields',
      Object.entries(edits.rename).map(([from, to]) => `${from} to ${to}`),
    ),
    ...listed('Added fields', edits.add.map(fieldName)),
  ];
}

/** Where a held message's header could not be read nobody knows: that is no null reverse-path. */
function envelopeSender({ outcome, mailFrom }: Decision): string[] {
  if (outcome === 'held' && mailFrom === '') return [];
  return [`Envelope sender: ${mailFrom === '' ? '<> (null reverse-path)' : mailFrom}`];
}

function headline({ outcome, recipients }: Decision): string {
  if (outcome === 'held') return 'Held: nothing is sent, the message is kept in Failed/';
  if (outcome === 'undeliverable') return 'Undeliverable: goes to the mailbox for such mail';
  return recipients.length === 1
    ? 'Delivered to 1 recipient'
    : `Delivered to ${recipients.length} recipients`;
}

function origin({ source, rule, alias }: DecidedRecipient): string {
  if (source === 'mailbox') return 'fixed target of the mailbox';
  if (source === 'undeliverable') return 'the undeliverable mailbox';
  if (source === 'notice') return 'fixed recipient of a notice';
  if (rule !== null) return `added by rule ${rule}`;
  return alias === null ? `from ${source}` : `from ${source}, alias ${alias}`;
}

const RESULTS: Readonly<Record<ConsultedSource['result'], string>> = {
  decides: 'decides',
  absent: 'no such field there',
  untrusted: 'a field of that name, but not above that Received: anybody may have written it',
  empty: 'names no address',
  refused: 'nobody of ours',
  notAsked: 'not asked, since an earlier one decides',
};
const RULE_RESULTS: Partial<typeof RESULTS> = {
  decides: 'add recipients',
  refused: 'none matches',
  notAsked: 'not asked, since the envelope names the recipients',
};

function consultedLines(consulted: readonly ConsultedSource[]): string[] {
  if (consulted.length === 0) return [];
  const lines = consulted.map(({ source, addresses, result }) => {
    const words = (source === 'rules' ? RULE_RESULTS[result] : undefined) ?? RESULTS[result];
    return `  ${source}: ${addresses === 0 ? '' : `${counted(addresses)}, `}${words}`;
  });
  return ['Looked for recipients in this order:', ...lines];
}

function counted(addresses: number): string {
  return addresses === 1 ? '1 address' : `${addresses} addresses`;
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

function undeliverableReasonOf({ edits }: Decision): string | null {
  const field = edits.add.find((one) => fieldName(one) === UNDELIVERABLE_FIELD);
  return (
    field
      ?.slice(UNDELIVERABLE_FIELD.length + 1)
      .replaceAll('\r\n', '')
      .trim() ?? null
  );
}

function listed(label: string, items: readonly string[] | string): string[] {
  const words = typeof items === 'string' ? items : items.join(', ');
  return words === '' ? [] : [`${label}: ${words}`];
}

function fieldName(field: string): string {
  return field.slice(0, field.indexOf(':'));
}
