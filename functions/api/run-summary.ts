import type { RunResult } from '../../shared/ledger/mailbox-record.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { FetchOutcome } from '../fetch/fetch-mailbox.ts';

/** How a message stands at the end of a run; each is counted once, by the first that fits in this order. */
export type MessageEnd =
  'deferred' | 'failed' | 'held' | 'undeliverable' | 'delivered' | 'duplicate';

/** The document of `run --once --json`. */
export interface RunSummary {
  readonly mailboxes: readonly ({ readonly id: string } & RunResult)[];
  readonly messages: { readonly fetched: number; readonly carried: number } & Readonly<
    Record<MessageEnd, number>
  >;
}

export interface RunRecord {
  /** Keys that lay in `Incoming/` when the run began. */
  readonly openBefore: ReadonlySet<string>;
  readonly fetched: readonly { readonly id: string; readonly outcome: FetchOutcome }[];
  /** The ledger's items of all these messages, after the run. */
  readonly items: ReadonlyMap<string, MessageItem>;
}

/**
 * Counts a run. Every retrieval counts under `fetched`; what an earlier run left open and nobody retrieved again
 * counts under `carried`. Bytes that the mailbox had already are a duplicate, unless they still waited.
 */
export function summarise(run: RunRecord): RunSummary {
  const ends = { deferred: 0, failed: 0, held: 0, undeliverable: 0, delivered: 0, duplicate: 0 };
  const counted = new Set<string>();
  let fetched = 0;
  // New ones first: of two copies that one run took, either may be the one that found the other in the store.
  const taken = run.fetched.flatMap(({ outcome }) => outcome.taken);
  const inOrder = taken.toSorted((one, other) => Number(one.known) - Number(other.known));
  for (const { key, known } of inOrder) {
    const name = formatKey(key);
    const isRepeat = counted.has(name) || (known && !run.openBefore.has(name));
    ends[isRepeat ? 'duplicate' : endOf(run.items.get(name))] += 1;
    counted.add(name);
    fetched += 1;
  }
  let carried = 0;
  for (const name of run.openBefore) {
    if (counted.has(name)) continue;
    ends[endOf(run.items.get(name))] += 1;
    carried += 1;
  }
  return {
    mailboxes: run.fetched.map(({ id, outcome }) => ({ id, ...outcome.result })),
    messages: { fetched, carried, ...ends },
  };
}

/** Exit status 0: every mailbox ok, and nothing failed, waits or is held. */
export function isWell({ mailboxes, messages }: RunSummary): boolean {
  const open = messages.deferred + messages.failed + messages.held;
  return open === 0 && mailboxes.every((mailbox) => mailbox.status === 'ok');
}

function endOf(item: MessageItem | undefined): MessageEnd {
  if (item?.decision == null) return 'deferred';
  const states = new Set(item.recipients.map((one) => one.state));
  if (states.has('waiting')) return 'deferred';
  if (states.has('failed')) return 'failed';
  if (item.decision.outcome === 'held') return 'held';
  if (!states.has('sent')) return 'duplicate';
  return item.decision.outcome === 'undeliverable' ? 'undeliverable' : 'delivered';
}
