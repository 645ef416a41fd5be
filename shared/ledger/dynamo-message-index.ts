import { createHash } from 'node:crypto';

import type { MessageKey } from '../mail/message-key.ts';
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import {
  ADDRESSES,
  DAY,
  DAY_INDEX,
  FAILED,
  FAILED_INDEX,
  IS_FAILED,
  MESSAGE_ID,
  NO_MESSAGE_ID,
} from './dynamo-index-names.ts';
import { inParallel } from './dynamo-table.ts';
import type { Attributes, DynamoTable } from './dynamo-table.ts';
import type { FailedIndex } from './failed-ledger.ts';
import { indexedAddresses } from './message-index.ts';
import type { ArrivedBetween, MessageIndex } from './message-index.ts';
import type { MessageItem } from './message-item.ts';
import { hasFailedCopy } from './message-transitions.ts';

const DAY_MS = 24 * 3_600_000;
/** Characters of a digest in base64url, 36 bits: a false hit is seen when the item is looked at. */
const DIGEST_CHARACTERS = 6;
/** Days read at once. */
const DAYS_AT_ONCE = 16;
/** No message arrived before there was this program. Days since the epoch. */
const FIRST_DAY = Date.UTC(2026, 0, 1) / DAY_MS;

export function dynamoMessageIndex(table: DynamoTable, clock: Clock = systemClock): MessageIndex {
  return {
    byMessageId: async (messageId) => {
      // Clocks of two machines differ.
      const last = Math.floor(clock.now() / DAY_MS) + 1;
      const days = Array.from({ length: last - FIRST_DAY + 1 }, (_, at) => String(last - at));
      const found: MessageKey[] = [];
      await inParallel(days, async (day) => {
        const within = { [DAY]: day, [MESSAGE_ID]: messageId };
        for await (const page of table.indexed(DAY_INDEX, within)) {
          found.push(...page.flatMap(keysOf));
        }
      });
      return found;
    },
    byAddress: (address, arrived, limit) => byAddress(table, address, arrived, limit),
    byDigest: async (start, mailboxes) => {
      const found: MessageKey[] = [];
      await inParallel(mailboxes, async (mailbox) => {
        for await (const page of table.startingWith(`message#${mailbox}`, start)) {
          found.push(...page.flatMap(keysOf));
        }
      });
      return found;
    },
  };
}

/** Beside the item's text; the Message-ID stands here alone. */
export function indexAttributes(item: MessageItem): Attributes {
  if (item.decision === null) return {};
  return {
    [MESSAGE_ID]: { S: item.messageId ?? NO_MESSAGE_ID },
    [DAY]: { S: dayOf(item.arrivedAt) },
    [ADDRESSES]: { S: indexedAddresses(item).map(digestOf).join('') },
    ...(hasFailedCopy(item) && { [FAILED]: { S: IS_FAILED } }),
  };
}

export function dynamoFailedIndex(table: DynamoTable): FailedIndex {
  return {
    all: async function* () {
      for await (const page of table.indexed(FAILED_INDEX, { [FAILED]: IS_FAILED })) {
        yield* page.flatMap(keysOf);
      }
    },
  };
}

async function byAddress(
  table: DynamoTable,
  address: string,
  { from, to }: ArrivedBetween,
  limit: number,
): Promise<readonly MessageKey[]> {
  const digest = digestOf(address);
  const newest = Math.floor(to / DAY_MS);
  const oldest = Math.floor(from / DAY_MS);
  const found: MessageKey[] = [];
  for (let day = newest; day >= oldest && found.length < limit; day -= DAYS_AT_ONCE) {
    const count = Math.min(DAYS_AT_ONCE, day - oldest + 1);
    const byDay = new Map<number, MessageKey[]>();
    await inParallel(
      Array.from({ length: count }, (_, at) => day - at),
      async (one) => {
        byDay.set(one, await onDay(table, String(one), digest));
      },
    );
    for (let at = day; at > day - count; at -= 1) found.push(...(byDay.get(at) ?? []));
  }
  return found;
}

async function onDay(table: DynamoTable, day: string, digest: string): Promise<MessageKey[]> {
  const found: MessageKey[] = [];
  for await (const page of table.indexed(DAY_INDEX, { [DAY]: day })) {
    found.push(...page.filter((item) => names(item[ADDRESSES]?.S ?? '', digest)).flatMap(keysOf));
  }
  return found;
}

/** A digest counts only where one begins. */
function names(digests: string, digest: string): boolean {
  for (let at = 0; at < digests.length; at += DIGEST_CHARACTERS) {
    if (digests.startsWith(digest, at)) return true;
  }
  return false;
}

function digestOf(address: string): string {
  return createHash('sha256').update(address).digest('base64url').slice(0, DIGEST_CHARACTERS);
}

function dayOf(at: number): string {
  return String(Math.floor(at / DAY_MS));
}

function keysOf(item: Attributes): MessageKey[] {
  const pk = item['pk']?.S ?? '';
  const sha256 = item['sk']?.S ?? '';
  return pk.startsWith('message#') ? [{ mailbox: pk.slice('message#'.length), sha256 }] : [];
}
