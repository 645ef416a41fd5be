import { duplicateKey } from '../mail/duplicate-key.ts';
import { collectFields, countFields } from '../mail/header-block.ts';
import type { FieldsByName } from '../mail/header-block.ts';
import { isOwnMarker, makeMarker } from '../mail/marker.ts';
import type { MessageKey } from '../mail/message-key.ts';
import { receivedField } from '../mail/received.ts';
import type { GeneralSettings, GlobalMailbox, Mailbox } from '../settings/settings.ts';
import { addressOctets, MAX_ADDRESS_OCTETS, toCandidates } from './candidates.ts';
import type { DecidedRecipient, Decision } from './decision.ts';
import { MAX_RECIPIENTS } from './decision.ts';
import { heldDecision } from './held.ts';
import type { Decided } from './held.ts';
import { NO_EDITS, plannedEdits } from './planned-edits.ts';
import { reversePath } from './reverse-path.ts';
import { fixedRecipients, tally } from './tally.ts';
import type { Tally } from './tally.ts';

export interface RoutingInput {
  /** The header block with the empty line that ends it, or the whole message where there is none. */
  readonly header: Buffer;
  readonly key: MessageKey;
  /** SHA-256 in hex of what follows the header block. */
  readonly bodyDigest: string;
  readonly mailbox: Mailbox;
  readonly general: GeneralSettings;
  /** Secret of this instance; makes and knows its loop markers. */
  readonly loopKey: Buffer;
  /** Name of this host, for the Received field. */
  readonly hostName: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export type { Decided };

/** RFC 5321 section 6.3: a count that large means a loop, and one below 100 must not be taken for one. */
const MAX_RECEIVED = 100;

/** A hundred times what mail has; to keep millions of them at hand would take the memory of the whole function. */
export const MAX_FIELDS = 10_000;

const FIELDS_READ = new Set([
  'to',
  'cc',
  'apparently-to',
  'bcc',
  'resent-bcc',
  'return-path',
  'sender',
  'from',
  'received',
  'delivered-to',
]);

/** Works out who a message is for. Pure: the same input gives the same decision, whatever octets it holds. */
export function decide(input: RoutingInput): Decided {
  const { header, mailbox, general } = input;
  if (countFields(header, MAX_FIELDS + 1) > MAX_FIELDS) {
    return heldDecision(`the header block has more than ${MAX_FIELDS} fields`);
  }
  const fields = collectFields(header, FIELDS_READ);
  const loop = loopReason(input, fields);
  if (loop !== null) return held(input, fields, NOBODY, loop);
  if (mailbox.type === 'user') {
    const recipients = fixedRecipients(mailbox.deliverTo, 'mailbox');
    return directed(input, fields, { ...NOBODY, recipients });
  }
  const octets = addressOctets(fields);
  if (octets > MAX_ADDRESS_OCTETS) {
    return held(
      input,
      fields,
      NOBODY,
      `address fields of ${octets} octets, at most ${MAX_ADDRESS_OCTETS} are read`,
    );
  }
  const found = tally(toCandidates(header, fields), { ...general, ignore: mailbox.ignore });
  return found.recipients.length > 0
    ? directed(input, fields, found)
    : undeliverable(input, fields, mailbox, found);
}

const NOBODY: Tally = { recipients: [], ignored: [], ignoredCount: 0, reasons: new Map() };

function loopReason({ header, loopKey }: RoutingInput, fields: FieldsByName): string | null {
  if (isOwnMarker(header, loopKey)) {
    return 'loop: this connector has carried the message before';
  }
  const hops = fields.get('received')?.length ?? 0;
  return hops > MAX_RECEIVED ? `loop: ${hops} Received fields, at most ${MAX_RECEIVED}` : null;
}

function directed(input: RoutingInput, fields: FieldsByName, found: Tally): Decided {
  const count = found.recipients.length;
  if (count > MAX_RECIPIENTS) {
    return held(input, fields, found, `too many recipients: ${count}, at most ${MAX_RECIPIENTS}`);
  }
  return decision(input, fields, found, {
    outcome: 'deliver',
    recipients: found.recipients,
    edits: edits(input, fields, found.recipients, null),
    warnings: [],
  });
}

function undeliverable(
  input: RoutingInput,
  fields: FieldsByName,
  mailbox: GlobalMailbox,
  found: Tally,
): Decided {
  const recipients = fixedRecipients([mailbox.undeliverable], 'undeliverable');
  return decision(input, fields, found, {
    outcome: 'undeliverable',
    recipients,
    edits: edits(input, fields, recipients, undeliverableReason(found)),
    warnings: [],
  });
}

function held(input: RoutingInput, fields: FieldsByName, found: Tally, warning: string): Decided {
  return decision(input, fields, found, {
    outcome: 'held',
    recipients: [],
    edits: NO_EDITS,
    warnings: [warning],
  });
}

function decision(
  { header, bodyDigest, general }: RoutingInput,
  fields: FieldsByName,
  { ignored, ignoredCount }: Tally,
  end: Pick<Decision, 'outcome' | 'recipients' | 'edits' | 'warnings'>,
): Decided {
  const mailFrom = reversePath(header, fields, general.delivery.sender);
  return {
    decision: { ...end, ignored, ignoredCount, mailFrom },
    duplicateKey: duplicateKey(header, bodyDigest),
  };
}

function edits(
  { header, key, mailbox, loopKey, hostName, now }: RoutingInput,
  fields: FieldsByName,
  recipients: readonly DecidedRecipient[],
  reason: string | null,
): Decision['edits'] {
  const [first, second] = recipients;
  const received = receivedField({
    from: mailbox.host,
    by: hostName,
    tls: mailbox.tls !== 'none',
    id: key.sha256.slice(0, 12),
    recipient: second === undefined && first !== undefined ? first.address : null,
    at: now,
  });
  const marker = makeMarker(header, key, loopKey);
  return plannedEdits(header, fields, recipients, { received, marker, undeliverable: reason });
}

/** Counts and reasons only: the field is read by people, and holds nothing that a sender wrote. */
function undeliverableReason({ ignoredCount, reasons }: Tally): string {
  if (ignoredCount === 0) return 'no address in To or Cc';
  const counts = [...reasons].map(([reason, count]) => `${count} ${reason}`);
  return `no recipient among the addresses in To and Cc (${counts.join(', ')})`;
}
