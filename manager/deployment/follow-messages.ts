import type { Clock } from '../../shared/clock.ts';
import type { MessageLedger } from '../../shared/ledger/ledger.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { isFinal } from '../../shared/ledger/message-transitions.ts';
import { formatKey, parseKey } from '../../shared/mail/message-key.ts';
import type { MessageKey } from '../../shared/mail/message-key.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import type { Patience } from './follow-fetch.ts';

export interface FollowMessagesDeps {
  readonly messages: MessageLedger;
  readonly store: MailStore;
  readonly clock: Clock;
}

/** Messages looked at in one round: all have to settle, so the first few tell as much as all of them. */
const WINDOW = 100;
/**
 * Nothing of what is followed has changed for so long: it waits for somebody (a broken mailbox entry, a function that
 * fails), and is counted as it is. Longer than a cold start and two polls of an event source. Milliseconds.
 */
const STANDSTILL_MS = 90_000;

/**
 * Follows messages until nothing of them is due: each has ended and left `Incoming/`, or waits for a later attempt.
 * @param names as `formatKey` writes them
 * @returns their items, after that
 */
export async function followMessages(
  deps: FollowMessagesDeps,
  names: ReadonlySet<string>,
  patience: Patience,
): Promise<ReadonlyMap<string, MessageItem>> {
  const standstill = new Standstill(deps.clock);
  await waitUntil(patience, standstill, unsettled(deps, names));
  const ended = await endedOf(deps, names);
  await waitUntil(patience, standstill, () => stillStored(deps.store, ended));
  return deps.messages.find(keysOf(names));
}

/** @param look says what is left, as a text that changes with it; empty: nothing */
async function waitUntil(
  patience: Patience,
  standstill: Standstill,
  look: () => Promise<string>,
): Promise<void> {
  for (;;) {
    const left = await look();
    if (left === '' || patience.isOver() || standstill.lasts(left)) return;
    await patience.pause();
  }
}

/** A live claim is an attempt under way, however long its server takes; its end changes the item. */
class Standstill {
  readonly #clock: Clock;
  #seen = '';
  #since = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  lasts(seen: string): boolean {
    const now = this.#clock.now();
    if (seen !== this.#seen || seen.includes(UNDER_WAY)) {
      this.#seen = seen;
      this.#since = now;
    }
    return now - this.#since >= STANDSTILL_MS;
  }
}

const UNDER_WAY = 'under way';

function unsettled(deps: FollowMessagesDeps, names: ReadonlySet<string>): () => Promise<string> {
  const open = new Set(names);
  return async () => {
    let left: readonly string[] = [];
    while (left.length === 0 && open.size > 0) left = await lookAtFirst(deps, open);
    return open.size === 0 ? '' : [String(open.size), ...left].join('\n');
  };
}

/**
 * Takes those that have settled out of the first few.
 * @returns the others, with their states
 */
async function lookAtFirst(deps: FollowMessagesDeps, open: Set<string>): Promise<string[]> {
  const window = [...open].slice(0, WINDOW);
  const items = await deps.messages.find(keysOf(window));
  const now = deps.clock.now();
  return window.flatMap((name) => {
    const item = items.get(name);
    if (!isSettled(item, now)) return [`${name} ${stateOf(item, now)}`];
    open.delete(name);
    return [];
  });
}

/** Ended, or waiting for a time to come. An attempt under way is neither. */
function isSettled(item: MessageItem | undefined, now: number): boolean {
  if (item?.decision == null) return false;
  if (isFinal(item)) return true;
  return !isClaimed(item, now) && item.nextDue !== null && item.nextDue > now;
}

function stateOf(item: MessageItem | undefined, now: number): string {
  if (item === undefined) return 'unknown';
  const states = item.recipients.map((one) => one.state).join(',');
  const activity = isClaimed(item, now) ? UNDER_WAY : 'waits';
  return `${activity} ${item.queuedAt} ${item.starts} ${item.deferrals} ${states}`;
}

function isClaimed({ claim }: MessageItem, now: number): boolean {
  return claim !== null && claim.until > now;
}

async function endedOf(
  deps: FollowMessagesDeps,
  names: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const items = await deps.messages.find(keysOf(names));
  return new Set([...items].flatMap(([name, item]) => (isFinal(item) ? [name] : [])));
}

/** What has ended leaves `Incoming/` in the same step; a report in `Failed/` is there by then. */
async function stillStored(store: MailStore, ended: ReadonlySet<string>): Promise<string> {
  if (ended.size === 0) return '';
  const left: string[] = [];
  for await (const { key } of store.list('Incoming')) {
    const name = formatKey(key);
    if (ended.has(name)) left.push(name);
  }
  return left.join('\n');
}

function keysOf(names: Iterable<string>): MessageKey[] {
  return [...names].flatMap((name) => parseKey(name) ?? []);
}
