import { REMEMBER_MS } from '../limits.ts';
import { formatKey } from '../mail/message-key.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type { SettingsMemory } from '../settings/settings.ts';
import type { DestinationRecord } from './destination-record.ts';
import { dynamoDuplicates } from './dynamo-duplicates.ts';
import { dynamoCauses, dynamoComparisons, dynamoRetries } from './dynamo-failed.ts';
import { KnownItems } from './dynamo-known-items.ts';
import { messageForm } from './dynamo-message-form.ts';
import { dynamoFailedIndex, dynamoMessageIndex } from './dynamo-message-index.ts';
import { changeRecord, decodeItem, readRecord } from './dynamo-records.ts';
import type { RecordForm } from './dynamo-records.ts';
import { dynamoSettingsMemory } from './dynamo-settings-memory.ts';
import { DynamoTable } from './dynamo-table.ts';
import type { DynamoTableOptions, ItemKey } from './dynamo-table.ts';
import { dynamoUidls } from './dynamo-uidls.ts';
import { forgettableSince } from './forgetting.ts';
import type {
  DestinationLedger,
  DuplicateLedger,
  MailboxLedger,
  MessageLedger,
  UidlLedger,
} from './ledger.ts';
import type { CauseLedger, ComparisonLedger, FailedIndex, RetryLedger } from './failed-ledger.ts';
import type { MessageIndex } from './message-index.ts';
import { NO_MAILBOX_RECORD } from './mailbox-record.ts';
import type { MailboxRecord } from './mailbox-record.ts';
import type { MessageItem } from './message-item.ts';

export interface DynamoLedgerOptions extends DynamoTableOptions {
  /** How long what nothing asks for any more is remembered, milliseconds; asked when such a thing is written. */
  readonly rememberMs?: () => Promise<number>;
}

/** The ledger ports on one DynamoDB table, and the settings' memory beside them. */
export interface DynamoLedger {
  readonly mailboxes: MailboxLedger;
  readonly messages: MessageLedger;
  readonly uidls: UidlLedger;
  readonly duplicates: DuplicateLedger;
  readonly destinations: DestinationLedger;
  readonly index: MessageIndex;
  readonly retries: RetryLedger;
  readonly causes: CauseLedger;
  readonly failed: FailedIndex;
  readonly comparisons: ComparisonLedger;
  readonly settingsMemory: SettingsMemory;
}

/**
 * @param options a table with string keys `pk` and `sk`, and `expiresAt` (seconds) as its time to live. Leases and
 * delivery claims of a dead owner expire by themselves: many share the table, so none may free another's.
 */
export function dynamoLedger(options: DynamoLedgerOptions): DynamoLedger {
  const table = new DynamoTable(options);
  const rememberMs = options.rememberMs ?? (() => Promise.resolve(REMEMBER_MS));
  return {
    mailboxes: mailboxLedger(table),
    messages: messageLedger(table, rememberMs),
    uidls: dynamoUidls(table, rememberMs),
    duplicates: dynamoDuplicates(table),
    destinations: destinationLedger(table),
    index: dynamoMessageIndex(table),
    retries: dynamoRetries(table),
    causes: dynamoCauses(table),
    failed: dynamoFailedIndex(table),
    comparisons: dynamoComparisons(table),
    settingsMemory: dynamoSettingsMemory(table),
  };
}

const mailboxForm: RecordForm<MailboxRecord> = {
  name: 'mailbox record',
  encode: (record) => JSON.stringify(record),
  // Written by this file alone; a field that an older version did not know yet is null.
  decode: (text) => ({ ...NO_MAILBOX_RECORD, ...(JSON.parse(text) as MailboxRecord) }),
};

function mailboxLedger(table: DynamoTable): MailboxLedger {
  const keyOf = (mailbox: string): ItemKey => ({ pk: `mailbox#${mailbox}`, sk: '-' });
  // A run takes the lease and gives it back.
  const known = new KnownItems();
  return {
    read: (mailbox) => readRecord(table, keyOf(mailbox), mailboxForm),
    change: (mailbox, transition) =>
      changeRecord(table, keyOf(mailbox), mailboxForm, transition, known),
  };
}

const destinationForm: RecordForm<DestinationRecord> = {
  name: 'record of the destination',
  encode: (record) => JSON.stringify(record),
  decode: (text) => JSON.parse(text) as DestinationRecord,
};

function destinationLedger(table: DynamoTable): DestinationLedger {
  const key: ItemKey = { pk: 'destination', sk: '-' };
  return {
    read: () => readRecord(table, key, destinationForm),
    change: (transition) => changeRecord(table, key, destinationForm, transition),
  };
}

/** The messages of one mailbox lie together, so that they can be read together; 1,000 writes a second are enough. */
function messageLedger(table: DynamoTable, rememberMs: () => Promise<number>): MessageLedger {
  const formOf = ({ sha256 }: Pick<MessageKey, 'sha256'>): RecordForm<MessageItem> => ({
    ...messageForm(sha256),
    expiresAt: async (item) => {
      const since = forgettableSince(item);
      return since === null ? null : since + (await rememberMs());
    },
  });
  const keyOf = ({ mailbox, sha256 }: MessageKey): ItemKey => ({
    pk: `message#${mailbox}`,
    sk: sha256,
  });
  // What is looked up is decided next, and what is claimed is ended.
  const known = new KnownItems();
  return {
    find: async (keys) => {
      const byName = new Map(keys.map((key) => [formatKey(key), keyOf(key)]));
      const found = await table.getAll([...byName.values()]);
      for (const key of byName.values()) known.note(key, null);
      return new Map(
        found.map((item) => {
          const key = { pk: item['pk']?.S ?? '', sk: item['sk']?.S ?? '' };
          const mailbox = key.pk.slice(key.pk.indexOf('#') + 1);
          const name = formatKey({ mailbox, sha256: key.sk });
          known.note(key, item);
          return [name, decodeItem(table, key, item, formOf({ sha256: key.sk }))];
        }),
      );
    },
    change: (key, transition) => changeRecord(table, keyOf(key), formOf(key), transition, known),
  };
}
