import { readAddresses } from '../../shared/mail/address-field.ts';
import { collectFields, fieldValue } from '../../shared/mail/header-block.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import { messageIdOf } from '../../shared/mail/message-id.ts';
import { readHeader } from '../route/read-header.ts';
import type { TraceDeps, TraceQuery } from './trace.ts';

/** Headers read at most: mail that waits undecided is a fault that passes, or an entry that somebody mends. */
const HEADERS_READ = 200;
const ADDRESS_FIELDS: ReadonlySet<string> = new Set([
  'from',
  'to',
  'cc',
  'apparently-to',
  'return-path',
  'delivered-to',
  'x-original-to',
]);

/**
 * Mail that lies in `Incoming/` and is not decided: no index knows it yet, and somebody may be asking for just that
 * one. Its headers are looked at.
 */
export async function undecidedMatches(
  deps: TraceDeps,
  query: TraceQuery,
): Promise<readonly MessageKey[]> {
  const found: MessageKey[] = [];
  for (const key of await undecidedKeys(deps)) {
    const { digest } = query;
    const isMeant = digest === null ? await isNamed(deps, key, query) : startsWith(key, digest);
    if (isMeant) found.push(key);
  }
  return found;
}

function startsWith(
  { mailbox, sha256 }: MessageKey,
  digest: NonNullable<TraceQuery['digest']>,
): boolean {
  return sha256.startsWith(digest.start) && (digest.mailbox ?? mailbox) === mailbox;
}

async function isNamed(
  deps: TraceDeps,
  key: MessageKey,
  { messageId, address }: TraceQuery,
): Promise<boolean> {
  const header = (await readHeader(deps.store, key))?.header ?? null;
  if (header === null) return false;
  if (address !== null && addressesIn(header).has(address)) return true;
  return messageId !== null && messageIdOf(header) === messageId;
}

async function undecidedKeys({ store, messages }: TraceDeps): Promise<readonly MessageKey[]> {
  const keys: MessageKey[] = [];
  let batch: MessageKey[] = [];
  const take = async (): Promise<void> => {
    const items = await messages.find(batch);
    keys.push(...batch.filter((key) => items.get(formatKey(key))?.decision == null));
    batch = [];
  };
  for await (const { key } of store.list('Incoming')) {
    batch.push(key);
    if (batch.length < 100) continue;
    await take();
    if (keys.length >= HEADERS_READ) break;
  }
  await take();
  return keys.slice(0, HEADERS_READ);
}

function addressesIn(header: Buffer): ReadonlySet<string> {
  const fields = [...collectFields(header, ADDRESS_FIELDS).values()].flat();
  return new Set(
    fields
      .flatMap((field) => readAddresses(fieldValue(header, field)))
      .flatMap((entry) => (entry.kind === 'address' ? [entry.address.key] : [])),
  );
}
