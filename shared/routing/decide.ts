import { duplicateKey } from '../mail/duplicate-key.ts';
import { collectFields, countFields } from '../mail/header-block.ts';
import type { FieldsByName } from '../mail/header-block.ts';
import { IDENTITY_FIELDS } from '../mail/identity-fields.ts';
import { isOwnMarker, makeMarker } from '../mail/marker.ts';
import type { MessageKey } from '../mail/message-key.ts';
import { receivedField } from '../mail/received.ts';
import type { GeneralSettings, GlobalMailbox, Mailbox } from '../settings/settings.ts';
import { MAX_ADDRESS_OCTETS } from './candidates.ts';
import type { DecidedRecipient, Decision } from './decision.ts';
import { MAX_RECIPIENTS } from './decision.ts';
import { fieldTexts } from './field-texts.ts';
import type { FieldTexts } from './field-texts.ts';
import { fieldsToRead } from './fields-to-read.ts';
import { findRecipients } from './find-recipients.ts';
import type { Findings } from './find-recipients.ts';
import { heldDecision } from './held.ts';
import type { Decided } from './held.ts';
import { NO_EDITS, plannedEdits } from './planned-edits.ts';
import { reversePath } from './reverse-path.ts';
import { isSpam } from './spam.ts';
import { fixedRecipients } from './tally.ts';
import { undeliverableReason } from './undeliverable-reason.ts';

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

/** Of the names that are read; others are passed by. To keep millions at hand would take the memory of the whole function. */
export const MAX_FIELDS = 10_000;

const SHOWN_CHARACTERS = 60;

/** Works out who a message is for. Pure: the same input gives the same decision, whatever octets it holds. */
export function decide(input: RoutingInput): Decided {
  const { header, mailbox, general } = input;
  const names = fieldsToRead(mailbox, general);
  if (countFields(header, new Set([...names, ...IDENTITY_FIELDS]), MAX_FIELDS + 1) > MAX_FIELDS) {
    return heldDecision(`more than ${MAX_FIELDS} of the header fields that routing reads`);
  }
  const fields = collectFields(header, names);
  const message = { input, fields };
  const loop = loopReason(message);
  if (loop !== null) return held(message, loop);
  const textsOf = fieldTexts(header, fields);
  const spam = spamDecision(message, textsOf);
  if (spam !== null) return spam;
  if (mailbox.type === 'user') {
    return directed(message, fixedRecipients(mailbox.deliverTo, 'mailbox'), null);
  }
  return fromFindings(message, mailbox, findRecipients(header, fields, mailbox, general, textsOf));
}

interface Message {
  readonly input: RoutingInput;
  readonly fields: FieldsByName;
}

function loopReason({ input: { header, loopKey }, fields }: Message): string | null {
  if (isOwnMarker(header, loopKey)) {
    return 'loop: this connector has carried the message before';
  }
  const hops = fields.get('received')?.length ?? 0;
  return hops > MAX_RECEIVED ? `loop: ${hops} Received fields, at most ${MAX_RECEIVED}` : null;
}

/** The mailbox's own rule, else the general one. Null: nothing is to be done about it. */
function spamDecision(message: Message, textsOf: FieldTexts): Decided | null {
  const { mailbox, general } = message.input;
  const rule = mailbox.spam ?? general.spam;
  if (rule === null || rule.action === 'deliver' || !isSpam(rule, textsOf)) return null;
  const reason = `spam rule: ${rule.header} says ${shown(rule.value)}`;
  const target = mailbox.undeliverable ?? general.undeliverable;
  if (rule.action === 'hold' || target === null) return held(message, reason);
  return undeliverable(message, target, reason, null);
}

/** Of the configuration and not of the message; made fit for a header field. */
function shown(value: string): string {
  return value
    .trim()
    .replace(/[^ -~]/g, '?')
    .slice(0, SHOWN_CHARACTERS);
}

function fromFindings(message: Message, mailbox: GlobalMailbox, findings: Findings): Decided {
  const { tooManyOctets: octets, recipients } = findings;
  if (octets !== null) {
    const warning = `address fields of ${octets} octets, at most ${MAX_ADDRESS_OCTETS} are read`;
    return held(message, warning, findings);
  }
  if (recipients.length > 0) return directed(message, recipients, findings);
  if (findings.tally.isLoop) {
    return held(message, 'loop: the only recipient is the mailbox that it came from', findings);
  }
  const reason = undeliverableReason(findings);
  return undeliverable(message, mailbox.undeliverable, reason, findings);
}

function directed(
  message: Message,
  recipients: readonly DecidedRecipient[],
  findings: Findings | null,
): Decided {
  const count = recipients.length;
  if (count > MAX_RECIPIENTS) {
    const warning = `too many recipients: ${count}, at most ${MAX_RECIPIENTS}`;
    return held(message, warning, findings);
  }
  return decided(message, findings, {
    outcome: 'deliver',
    recipients,
    edits: edits(message, recipients, null),
    warnings: [],
  });
}

function undeliverable(
  message: Message,
  target: string,
  reason: string,
  findings: Findings | null,
): Decided {
  const recipients = fixedRecipients([target], 'undeliverable');
  return decided(message, findings, {
    outcome: 'undeliverable',
    recipients,
    edits: edits(message, recipients, reason),
    warnings: [],
  });
}

function held(message: Message, warning: string, findings: Findings | null = null): Decided {
  return decided(message, findings, {
    outcome: 'held',
    recipients: [],
    edits: NO_EDITS,
    warnings: [warning],
  });
}

function decided(
  { input: { header, bodyDigest, general }, fields }: Message,
  findings: Findings | null,
  end: Pick<Decision, 'outcome' | 'recipients' | 'edits' | 'warnings'>,
): Decided {
  const mailFrom = reversePath(header, fields, general.delivery.sender);
  const found = {
    ignored: findings?.tally.ignored ?? [],
    ignoredCount: findings?.tally.ignoredCount ?? 0,
    ...(findings === null ? {} : { consulted: findings.consulted }),
  };
  // Copies for different people who are not there all go to one mailbox, and are not the same there.
  const envelope = end.outcome === 'undeliverable' ? (findings?.strayed ?? []) : [];
  return {
    decision: { ...end, ...found, mailFrom },
    duplicateKey: duplicateKey(header, bodyDigest, envelope),
  };
}

function edits(
  { input, fields }: Message,
  recipients: readonly DecidedRecipient[],
  reason: string | null,
): Decision['edits'] {
  const { header, key, mailbox, general, loopKey, hostName, now } = input;
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
  const planned = { received, marker, undeliverable: reason };
  const { domains } = general;
  return plannedEdits({ header, fields, recipients, mailbox, domains }, planned);
}
