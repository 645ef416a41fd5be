import type { Address } from '../mail/address.ts';
import { readAddresses } from '../mail/address-field.ts';
import { foldField } from '../mail/fold.ts';
import { fieldValue } from '../mail/header-block.ts';
import type { FieldsByName } from '../mail/header-block.ts';
import type { Mailbox } from '../settings/settings.ts';
import { isAcceptedDomain } from './accepted-domains.ts';
import type { DecidedRecipient, HeaderEdits } from './decision.ts';
import { ENVELOPE_FIELDS } from '../mail/envelope-fields.ts';

/** Why nobody could be found, for the person who reads the undeliverable mailbox. */
export const UNDELIVERABLE_FIELD = 'X-Mailferry-Undeliverable';

/** No honest mail has more, and each one costs a parse. */
const DELIVERED_TO_READ = 200;
const MAX_DELIVERED_TO_OCTETS = 2048;

export interface PlannedFields {
  readonly received: string;
  readonly marker: string;
  /** In words; null when the message has its recipients. */
  readonly undeliverable: string | null;
}

export interface PlannedMessage {
  readonly header: Buffer;
  readonly fields: FieldsByName;
  readonly recipients: readonly DecidedRecipient[];
  readonly mailbox: Mailbox;
  /** Accepted ones. */
  readonly domains: readonly string[];
}

/** The changes to a header block on its way: none that a DKIM signature usually covers. */
export function plannedEdits(message: PlannedMessage, planned: PlannedFields): HeaderEdits {
  const remove = removedNames(message);
  const isRemoved = remove.some((name) => name.toLowerCase() === 'delivered-to');
  return {
    remove,
    // A Postfix or qmail that finds its own recipient there takes the message for a loop and bounces it.
    rename:
      !isRemoved && deliveredToRecipient(message)
        ? { 'Delivered-To': 'X-Original-Delivered-To' }
        : {},
    add: [planned.received, planned.marker, ...undeliverableField(planned.undeliverable)],
  };
}

/** No edits: what is held goes nowhere. */
export const NO_EDITS: HeaderEdits = { remove: [], rename: {}, add: [] };

/**
 * Return-Path belongs to the last hop alone (RFC 5321 section 4.4). Bcc stays in a copy for one, who may be the one
 * it names; several shall not read of each other (RFC 5322 section 3.6.3), neither there nor in what the provider
 * noted of the envelope. Received fields stay whatever they tell: filters behind us need the trace.
 */
function removedNames(message: PlannedMessage): string[] {
  const { fields, recipients } = message;
  const names = recipients.length > 1 ? ['Return-Path', ...exposing(message)] : ['Return-Path'];
  const present = names.filter((name) => fields.has(name.toLowerCase()));
  const byName = new Map(present.map((name) => [name.toLowerCase(), name]));
  return [...byName.values()];
}

function exposing(message: PlannedMessage): readonly string[] {
  const { mailbox } = message;
  const sources = mailbox.type === 'user' ? [] : mailbox.recipientSource;
  const configured = sources.flatMap((source) => (source.kind === 'header' ? [source.header] : []));
  return [
    'Bcc',
    'Resent-Bcc',
    ...ENVELOPE_FIELDS,
    ...(deliveredToOneOfUs(message) ? ['Delivered-To'] : []),
    ...configured.filter((name) => !VISIBLE.has(name.toLowerCase())),
  ];
}

/** Fields that the sender wrote for all to see, and that signatures cover; somebody may have made one a source. */
const VISIBLE: ReadonlySet<string> = new Set([
  ...['to', 'cc', 'from', 'sender', 'reply-to', 'subject', 'resent-to', 'resent-cc'],
]);

function deliveredToRecipient({ header, fields, recipients }: PlannedMessage): boolean {
  const keys = new Set(recipients.map(({ address }) => address.toLowerCase()));
  return deliveredTo(header, fields).some(({ key }) => keys.has(key));
}

/** Whose copy this was, or would have been. The pickup box is nobody. */
function deliveredToOneOfUs(message: PlannedMessage): boolean {
  const { header, fields, mailbox, domains } = message;
  const ignore = mailbox.type === 'user' ? NOBODY : mailbox.ignore;
  return (
    deliveredToRecipient(message) ||
    deliveredTo(header, fields).some(
      ({ key, domain }) => !ignore.has(key) && isAcceptedDomain(domain, domains),
    )
  );
}

const NOBODY: ReadonlySet<string> = new Set();

function deliveredTo(header: Buffer, fields: FieldsByName): readonly Address[] {
  return (fields.get('delivered-to') ?? [])
    .slice(0, DELIVERED_TO_READ)
    .map((field) => fieldValue(header, field))
    .filter((value) => value.length <= MAX_DELIVERED_TO_OCTETS)
    .flatMap((value) => readAddresses(value))
    .flatMap((entry) => (entry.kind === 'address' ? [entry.address] : []));
}

function undeliverableField(reason: string | null): string[] {
  return reason === null ? [] : [foldField(UNDELIVERABLE_FIELD, reason.split(' '))];
}
