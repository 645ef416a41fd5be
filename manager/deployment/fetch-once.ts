import { setTimeout as sleep } from 'node:timers/promises';

import { requestFetchNow } from '../../functions/api/request-fetch.ts';
import type { RequestFetchDeps } from '../../functions/api/request-fetch.ts';
import { summarise } from '../../functions/api/run-summary.ts';
import type { RunSummary } from '../../functions/api/run-summary.ts';
import type { FetchOutcome } from '../../functions/fetch/fetch-mailbox.ts';
import type { TakenMail } from '../../functions/fetch/custody.ts';
import { tooSoonResult } from '../../functions/fetch/too-soon.ts';
import { sweep } from '../../functions/sweep/sweep.ts';
import type { SweepDeps } from '../../functions/sweep/sweep.ts';
import type { Clock } from '../../shared/clock.ts';
import { NO_MAILBOX_RECORD } from '../../shared/ledger/mailbox-record.ts';
import type { MailboxRecord, RunResult } from '../../shared/ledger/mailbox-record.ts';
import type { RequestAnswer } from '../../shared/ledger/mailbox-transitions.ts';
import type { MessageItem } from '../../shared/ledger/message-item.ts';
import { SWEEP_GRACE_MS } from '../../shared/limits.ts';
import { formatKey } from '../../shared/mail/message-key.ts';
import type { Settings } from '../../shared/settings/settings.ts';
import type { MailStore } from '../../shared/store/mail-store.ts';
import { followFetch } from './follow-fetch.ts';
import type { OnRecord, Patience } from './follow-fetch.ts';
import { followMessages } from './follow-messages.ts';
import type { FollowMessagesDeps } from './follow-messages.ts';
import type { TakenMailSource } from '../../shared/ledger/taken-mail.ts';

export interface FetchOnceDeps extends RequestFetchDeps, FollowMessagesDeps, SweepDeps {
  readonly takenMail: TakenMailSource;
}

export interface FetchedOnce {
  readonly summary: RunSummary;
  /** Messages that a mailbox's run took and that could not be found again: counted with the mailbox alone. */
  readonly untraced: ReadonlyMap<string, number>;
}

/** Between two looks; two reads of the table each. Milliseconds. */
const LOOK_EVERY_MS = 1000;
/** A run begins at the latest with the tick after the next: a job that got lost is made again by it. Milliseconds. */
const START_WITHIN_MS = 3 * 60_000;

/**
 * `run --once` on a deployment: asks for a fetch of mailboxes, follows their runs, and then what they took and what
 * lay open before, until nothing of it is due. Counts as the embedded host does. Never waits for a later retry.
 * @param ids none: every mailbox of the configuration
 * @param closing stops following; what is not settled by then counts as deferred
 */
export async function fetchOnce(
  deps: FetchOnceDeps,
  ids: readonly string[],
  closing: AbortSignal,
  lookEveryMs = LOOK_EVERY_MS,
  onRecord?: OnRecord,
): Promise<FetchedOnce> {
  const openBefore = await openNames(deps.store);
  // The functions sweep by themselves too, every quarter of an hour; this is for what has just come of age.
  await sweep(deps, SWEEP_GRACE_MS);
  const settings = await deps.settings.read();
  const followed = await requestAndFollow(deps, ids, closing, lookEveryMs, onRecord);
  const fetched = await Promise.all(
    followed.map(async (one) => ({
      ...one,
      taken: one.record === null ? [] : await takenBy(deps, settings, one.id, one.record),
    })),
  );
  const names = new Set([...openBefore, ...fetched.flatMap(({ taken }) => taken)]);
  const patience = patienceUntil(deps.clock, Infinity, closing, lookEveryMs);
  const items = await followMessages(deps, names, patience);
  return {
    summary: summarise({
      openBefore,
      fetched: fetched.map((one) => ({ id: one.id, outcome: outcomeOf(one, one.taken, items) })),
      items,
    }),
    untraced: untracedOf(fetched),
  };
}

export interface FollowedFetch {
  readonly id: string;
  readonly answer: RequestAnswer;
  /** Null: no run that answers has ended. */
  readonly record: MailboxRecord | null;
}

/** Asks for a fetch and waits for the runs that answer it; where its provider takes no login yet, for none. */
export async function requestAndFollow(
  deps: RequestFetchDeps,
  ids: readonly string[],
  closing: AbortSignal,
  lookEveryMs = LOOK_EVERY_MS,
  onRecord?: OnRecord,
): Promise<readonly FollowedFetch[]> {
  const settings = await deps.settings.read();
  const requested = await requestFetchNow(deps, ids);
  const until = deps.clock.now() + START_WITHIN_MS + settings.general.limits.runMs;
  const followed = requested.filter(({ answer }) => answer.kind !== 'tooSoon');
  const patience = patienceUntil(deps.clock, until, closing, lookEveryMs);
  const ended = await followFetch(deps, followed, patience, onRecord);
  return requested.map(({ mailbox, answer }) => ({
    id: mailbox,
    answer,
    record: ended.get(mailbox) ?? null,
  }));
}

function patienceUntil(
  clock: Clock,
  until: number,
  closing: AbortSignal,
  lookEveryMs: number,
): Patience {
  return {
    pause: () => sleep(lookEveryMs, undefined, { signal: closing }).catch(() => undefined),
    isOver: () => closing.aborted || clock.now() >= until,
  };
}

async function openNames(store: MailStore): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const { key } of store.list('Incoming')) names.add(formatKey(key));
  return names;
}

async function takenBy(
  deps: FetchOnceDeps,
  settings: Settings,
  id: string,
  { lastStartedAt, lastEndedAt, lastRun }: MailboxRecord,
): Promise<string[]> {
  const mailbox = settings.mailboxes.get(id);
  if (mailbox === undefined || lastRun === null || lastRun.fetched === 0) return [];
  const account = { mailbox: id, host: mailbox.host, username: mailbox.username };
  const run = { startedAt: lastStartedAt ?? 0, endedAt: lastEndedAt ?? 0 };
  const taken = await deps.takenMail.takenIn(account, run);
  return taken.map((sha256) => formatKey({ mailbox: id, sha256 }));
}

function outcomeOf(
  { id, answer, record }: FollowedFetch,
  taken: readonly string[],
  items: ReadonlyMap<string, MessageItem>,
): FetchOutcome {
  if (answer.kind === 'tooSoon') return { result: tooSoonResult(id, answer.until), taken: [] };
  const { lastStartedAt, lastRun } = record ?? NO_MAILBOX_RECORD;
  return {
    result: lastRun ?? NOT_ENDED,
    taken: taken.map((name): TakenMail => {
      const [mailbox = '', sha256 = ''] = name.split('/');
      // A message that arrived before the run began was met again by it: the mailbox had these bytes.
      const arrivedAt = items.get(name)?.arrivedAt ?? Infinity;
      return { key: { mailbox, sha256 }, known: arrivedAt < (lastStartedAt ?? 0) };
    }),
  };
}

const NOT_ENDED: RunResult = {
  status: 'failed',
  fetched: 0,
  bytes: 0,
  left: 0,
  error: {
    kind: 'timeout',
    message:
      'expected a run that began after the request to end, none did while it was followed; the log of the fetch function says more',
  },
};

function untracedOf(
  fetched: readonly {
    readonly id: string;
    readonly record: MailboxRecord | null;
    readonly taken: readonly string[];
  }[],
): ReadonlyMap<string, number> {
  return new Map(
    fetched.flatMap(({ id, record, taken }) => {
      const missing = (record?.lastRun?.fetched ?? 0) - taken.length;
      return missing > 0 ? [[id, missing] as const] : [];
    }),
  );
}
