import { readAddresses } from '../mail/address-field.ts';
import { foldField } from '../mail/fold.ts';
import { fieldValue } from '../mail/header-block.ts';
import type { FieldsByName } from '../mail/header-block.ts';
import type { DecidedRecipient, HeaderEdits } from './decision.ts';

/** Why nobody could be found, for the person who reads the undeliverable mailbox. */
const UNDELIVERABLE_NAME = 'X-Mailferry-Undeliverable';

/** No honest mail has more, and each one costs a parse. */
const DELIVERED_TO_READ = 200;
const MAX_DELIVERED_TO_OCTETS = 2048;

export interface PlannedFields {
  readonly received: string;
  readonly marker: string;
  /** In words; null when the message has its recipients. */
  readonly undeliverable: string | null;
}

/** The changes to a header block on its way: none that a DKIM signature usually covers. */
export function plannedEdits(
  header: Buffer,
  fields: FieldsByName,
  recipients: readonly DecidedRecipient[],
  planned: PlannedFields,
): HeaderEdits {
  return {
    remove: removedNames(fields, recipients.length),
    // A Postfix or qmail that finds its own recipient there takes the message for a loop and bounces it.
    rename: namesRecipient(header, fields, recipients)
      ? { 'Delivered-To': 'X-Original-Delivered-To' }
      : {},
    add: [planned.received, planned.marker, ...undeliverableField(planned.undeliverable)],
  };
}

/** No edits: what is held goes nowhere. */
export const NO_EDITS: HeaderEdits = { remove: [], rename: {}, add: [] };

/**
 * Return-Path belongs to the last hop alone (RFC 5321 section 4.4). Bcc stays in a copy for one, who may be the one
 * it names; several shall not read of each other (RFC 5322 section 3.6.3).
 */
function removedNames(fields: FieldsByName, recipients: number): string[] {
  const names = recipients > 1 ? ['Return-Path', 'Bcc', 'Resent-Bcc'] : ['Return-Path'];
  return names.filter((name) => fields.has(name.toLowerCase()));
}

function namesRecipient(
  header: Buffer,
  fields: FieldsByName,
  recipients: readonly DecidedRecipient[],
): boolean {
  const keys = new Set(recipients.map(({ address }) => address.toLowerCase()));
  return (fields.get('delivered-to') ?? [])
    .slice(0, DELIVERED_TO_READ)
    .map((field) => fieldValue(header, field))
    .filter((value) => value.length <= MAX_DELIVERED_TO_OCTETS)
    .flatMap((value) => readAddresses(value))
    .some((entry) => entry.kind === 'address' && keys.has(entry.address.key));
}

function undeliverableField(reason: string | null): string[] {
  return reason === null ? [] : [foldField(UNDELIVERABLE_NAME, reason.split(' '))];
}
