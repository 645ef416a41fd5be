import type { Clock } from '../../shared/clock.ts';
import type { MessageLedger } from '../../shared/ledger/ledger.ts';
import { indexedAddresses } from '../../shared/ledger/message-index.ts';
import type { MessageIndex } from '../../shared/ledger/message-index.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { canonicalMessageId } from '../../shared/mail/message-id.ts';
import { formatKey, NOTICES, parseKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { SettingsSource } from '../../shared/settings/settings.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import { BadRequest } from './router.ts';
import { tracedMessage } from './traced-message.ts';
import type { TracedMessage } from './traced-message.ts';
import { undecidedMatches } from './undecided-mail.ts';

export interface TraceDeps {
  readonly settings: SettingsSource;
  readonly store: MailStore;
  readonly messages: MessageLedger;
  readonly index: MessageIndex;
  readonly clock: Clock;
}

/** What a query may be; a text can be several at once. */
export interface TraceQuery {
  readonly messageId: string | null;
  /** Lower case. */
  readonly address: string | null;
  readonly digest: { readonly mailbox: string | null; readonly start: string } | null;
}

export interface TraceResult {
  /** Newest first. */
  readonly messages: readonly TracedMessage[];
  /** There may be more than these. */
  readonly more: boolean;
}

/** Found and shown at most; a query that finds more should be narrower. */
const SHOWN = 50;
/** How far back an address is looked for: more than any item is remembered that is not on a server any more. */
const LOOKED_BACK_MS = 400 * 24 * 3_600_000;
/** A little into the future: clocks of two machines differ. */
const LOOKED_AHEAD_MS = 24 * 3_600_000;
const KEY_START = /^(?:([^/\s]+)\/)?([0-9a-f]{8,64})$/;

/**
 * Where mail is, and what became of it, from fetch to the last server's reply.
 * @param text Message-ID (with or without its brackets), address of a sender or recipient, or a key (whole, or at
 * least eight digits of it)
 * @throws BadRequest for a text that is none of these
 */
export async function trace(deps: TraceDeps, text: string): Promise<TraceResult> {
  const query = traceQuery(text);
  const keys = await candidates(deps, query);
  const items = await deps.messages.find(keys);
  const known = keys.filter((key) => isMeant(key, items.get(formatKey(key)), query));
  const undecided = await undecidedMatches(deps, query);
  const all = uniqueKeys([...undecided, ...known]).map((key) => ({
    key,
    item: items.get(formatKey(key)) ?? null,
  }));
  const newest = all.toSorted((one, other) => arrivedAt(other.item) - arrivedAt(one.item));
  const shown = newest.slice(0, SHOWN);
  const messages = await Promise.all(
    shown.map(async ({ key, item }) => tracedMessage(deps, key, item)),
  );
  const found = messages.filter(({ state }) => state !== 'unknown');
  return { messages: found, more: newest.length > shown.length };
}

/** @throws BadRequest */
function traceQuery(text: string): TraceQuery {
  const words = text.trim();
  const match = KEY_START.exec(words);
  if (match !== null) {
    const [, mailbox = null, start = ''] = match;
    return { messageId: null, address: null, digest: { mailbox, start } };
  }
  const messageId = canonicalMessageId(words);
  if (messageId === null || /\s/.test(words)) {
    throw new BadRequest(
      `expected a Message-ID, an address, or a key (MAILBOX/SHA256, or at least 8 digits of it), got "${words}"`,
    );
  }
  const address = words.startsWith('<') || !words.includes('@') ? null : words.toLowerCase();
  return { messageId, address, digest: null };
}

async function candidates(
  deps: TraceDeps,
  { messageId, address, digest }: TraceQuery,
): Promise<readonly MessageKey[]> {
  const found: MessageKey[] = [];
  if (digest !== null) found.push(...(await byDigest(deps, digest)));
  if (messageId !== null) found.push(...(await deps.index.byMessageId(messageId)));
  if (address !== null) {
    const now = deps.clock.now();
    const arrived = { from: now - LOOKED_BACK_MS, to: now + LOOKED_AHEAD_MS };
    found.push(...(await deps.index.byAddress(address, arrived, SHOWN + 1)));
  }
  return uniqueKeys(found);
}

/** A whole key is looked for by itself, also when the ledger does not know it. */
async function byDigest(
  deps: TraceDeps,
  { mailbox, start }: NonNullable<TraceQuery['digest']>,
): Promise<readonly MessageKey[]> {
  const whole = mailbox === null ? null : parseKey(`${mailbox}/${start}`);
  if (whole !== null) return [whole];
  if (mailbox !== null) return deps.index.byDigest(start, [mailbox]);
  const settings = await deps.settings.read();
  const mailboxes = [...settings.mailboxes.keys(), ...settings.broken.keys(), NOTICES];
  return deps.index.byDigest(start, mailboxes);
}

/** An index gives candidates; the item says. */
function isMeant(key: MessageKey, item: MessageItem | undefined, query: TraceQuery): boolean {
  const { messageId, address, digest } = query;
  if (digest !== null) return key.sha256.startsWith(digest.start);
  if (item === undefined) return false;
  if (messageId !== null && item.messageId === messageId) return true;
  return address !== null && indexedAddresses(item).includes(address);
}

function uniqueKeys(keys: readonly MessageKey[]): readonly MessageKey[] {
  return [...new Map(keys.map((key) => [formatKey(key), key])).values()];
}

/** What is not decided arrived a moment ago. */
function arrivedAt(item: MessageItem | null): number {
  return item?.arrivedAt ?? Infinity;
}
