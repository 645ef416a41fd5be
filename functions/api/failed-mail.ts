import { asFailure, Failure } from '../../shared/failure.ts';
import type { MessageLedger } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { formatKey, parseKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { Log } from '../../shared/observe/log.ts';
import type { ListedMessage, MailStore } from '../../shared/store/mail-store.ts';
import { failedEntry, hasEnded } from './failed-entry.ts';
import type { FailedEntry } from './failed-entry.ts';
import { rebuiltItem } from './rebuilt-item.ts';

export interface FailedMailDeps {
  readonly store: MailStore;
  readonly messages: MessageLedger;
  readonly log: Log;
}

/** Which of the messages in `Failed/` are meant; what is null does not count. */
export interface FailedFilter {
  readonly mailbox: string | null;
  /** Milliseconds since the epoch: failed then or later. */
  readonly since: number | null;
  /** `refused`, `expired`, `internal`, `held`; or a reply code or enhanced code of a recipient that failed. */
  readonly reason: string | null;
}

/** A message in `Failed/`, and what the ledger, else the report beside it, knows of it. */
export interface FailedMail {
  readonly key: MessageKey;
  readonly item: MessageItem | null;
  readonly entry: FailedEntry;
}

/** Items asked for at once: the size of a DynamoDB batch read. */
const BATCH = 100;
/** Digits of a shortened key: enough to be one message's alone, few enough to type. */
const SHORTENED_DIGITS = 8;
const SHORTENED_KEY = /^(?:([^/]+)\/)?([0-9a-f]{8,64})$/;

/**
 * What lies in `Failed/`, oldest first. The state is the ledger's; copies of what has ended (a retry that reached
 * everybody, a removal that died half-way) are cleared on the way.
 * @param clears not for somebody who only wants to know what would be done
 */
export async function listFailed(
  deps: FailedMailDeps,
  filter: FailedFilter,
  clears = true,
): Promise<readonly FailedMail[]> {
  const found: FailedMail[] = [];
  let batch: ListedMessage[] = [];
  const take = async (): Promise<void> => {
    found.push(...(await withItems(deps, batch, clears)));
    batch = [];
  };
  for await (const listed of deps.store.list('Failed')) {
    if (filter.mailbox !== null && listed.key.mailbox !== filter.mailbox) continue;
    batch.push(listed);
    if (batch.length === BATCH) await take();
  }
  await take();
  return found
    .filter(({ entry }) => isMeant(entry, filter))
    .sort((one, other) => one.entry.failedAt.localeCompare(other.entry.failedAt));
}

/**
 * The messages in `Failed/` that keys name, each once, in the order asked.
 * @param words whole keys, or their beginning: `mailbox/0f3a91c2`, `0f3a91c2`
 * @throws Failure `settings`, permanent, for what names none or several
 */
export async function findFailed(
  deps: FailedMailDeps,
  words: readonly string[],
): Promise<readonly FailedMail[]> {
  const keys = new Map<string, MessageKey>();
  let listed: readonly MessageKey[] | null = null;
  for (const word of words) {
    const whole = parseKey(word);
    if (whole === null) listed ??= await keysInFailed(deps);
    const key = whole ?? theOne(word, listed ?? []);
    keys.set(formatKey(key), key);
  }
  const found: FailedMail[] = [];
  for (const key of keys.values()) found.push(await failedMail(deps, key));
  return found;
}

async function failedMail(deps: FailedMailDeps, key: MessageKey): Promise<FailedMail> {
  const found = await deps.store.find(key);
  const item = await itemOf(deps, key);
  // The same words for what is not there at all and for what is not there any more.
  if (found === null && item === null) throw notFailed(formatKey(key));
  return { key, item, entry: failedEntry(key, item, found?.storedAt ?? 0) };
}

/** The ledger's item, else the one that the report beside the copy tells of; null where neither does. */
async function itemOf(deps: FailedMailDeps, key: MessageKey): Promise<MessageItem | null> {
  const item = (await deps.messages.find([key])).get(formatKey(key)) ?? null;
  return item?.decision == null ? rebuiltItem(await deps.store.report(key)) : item;
}

async function withItems(
  deps: FailedMailDeps,
  batch: readonly ListedMessage[],
  clears: boolean,
): Promise<readonly FailedMail[]> {
  const items = await deps.messages.find(batch.map(({ key }) => key));
  const found: FailedMail[] = [];
  for (const { key, storedAt } of batch) {
    const known = items.get(formatKey(key)) ?? null;
    if (known !== null && hasEnded(known)) {
      if (clears) await clear(deps, key);
      continue;
    }
    const item = known?.decision == null ? rebuiltItem(await deps.store.report(key)) : known;
    found.push({ key, item, entry: failedEntry(key, item, storedAt) });
  }
  return found;
}

/** A copy that cannot be removed just now spoils no list. */
async function clear({ store, log }: FailedMailDeps, key: MessageKey): Promise<void> {
  try {
    await store.remove('Failed', key);
  } catch (error) {
    const { message } = asFailure(error);
    log.warn('an ended message stays in Failed/', { message: formatKey(key), error: message });
  }
}

async function keysInFailed({ store }: FailedMailDeps): Promise<readonly MessageKey[]> {
  const keys: MessageKey[] = [];
  for await (const { key } of store.list('Failed')) keys.push(key);
  return keys;
}

function theOne(word: string, keys: readonly MessageKey[]): MessageKey {
  const match = SHORTENED_KEY.exec(word);
  if (match === null) throw notFailed(word);
  const [, mailbox, digits = ''] = match;
  const named = keys.filter(
    (key) => key.sha256.startsWith(digits) && (mailbox === undefined || key.mailbox === mailbox),
  );
  const [first, second] = named;
  if (first === undefined) throw notFailed(word);
  if (second === undefined) return first;
  const several = named.map(formatKey).join(', ');
  throw wrongKey(`expected the key of one message in Failed/, got ${word}, which ${several} have`);
}

function notFailed(word: string): Failure {
  return wrongKey(
    `expected the key of a message in Failed/ (MAILBOX/SHA256 as "failed list" shows it, or at least ${SHORTENED_DIGITS} of its digits), got ${word}`,
  );
}

function wrongKey(message: string): Failure {
  return new Failure('settings', 'permanent', message);
}

function isMeant(entry: FailedEntry, { since, reason }: FailedFilter): boolean {
  if (since !== null && Date.parse(entry.failedAt) < since) return false;
  if (reason === null || entry.reason === reason) return true;
  return entry.recipients.some(
    (one) => one.state === 'failed' && (String(one.code) === reason || one.enhancedCode === reason),
  );
}
