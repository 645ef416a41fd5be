import { CAUSE_LISTED, CAUSE_SINGLE_NOTICES, CAUSE_WINDOW_MS } from '../limits.ts';
import type { CauseRecord, ToldTogether } from './cause-record.ts';
import type { Transition } from './ledger.ts';

export interface OneFailure {
  readonly to: string;
  readonly words: string;
  /** Formatted key of the message. */
  readonly message: string;
  readonly at: number;
}

/** How a failure is told. `last`: the next ones of this cause come together. */
export type Telling =
  { readonly kind: 'single'; readonly last: boolean } | { readonly kind: 'together' };

/**
 * Notes a failure under its cause. The same one again (its step died before it was over) gets the same answer, and
 * counts once as long as it is listed.
 */
export function noteFailure(failure: OneFailure): Transition<CauseRecord, Telling> {
  return (stored) => {
    const record = current(stored, failure);
    const id = `${failure.message} ${failure.at}`;
    const place = record.single.indexOf(id);
    if (place !== -1) return { store: null, answer: single(place) };
    if (isListed(record, id)) return { store: null, answer: { kind: 'together' } };
    if (record.single.length < CAUSE_SINGLE_NOTICES && record.further.count === 0) {
      const store = { ...record, single: [...record.single, id] };
      return { store, answer: single(record.single.length) };
    }
    const store = { ...record, further: withFailure(record.further, id, failure.at) };
    return { store, answer: { kind: 'together' } };
  };
}

/**
 * Takes what is to be told together, once the window is over, or now. It stays noted until {@link endTelling}, and a
 * second call gives the same.
 * @returns the record with `telling` filled; null when there is nothing to tell
 */
export function beginTelling(
  now: number,
  atOnce: boolean,
): Transition<CauseRecord, CauseRecord | null> {
  return (record) => {
    if (record?.telling !== null) return { store: null, answer: record };
    const isDue = atOnce || now >= record.since + CAUSE_WINDOW_MS;
    if (!isDue || record.further.count === 0) return { store: null, answer: null };
    const store = { ...record, telling: record.further, further: NOTHING };
    return { store, answer: store };
  };
}

/** It is told: durable, in a notice. @param told as it stood in the record that was told */
export function endTelling(told: number): Transition<CauseRecord, null> {
  return (record) => ({
    store:
      record?.telling == null || record.told !== told
        ? null
        : { ...record, telling: null, told: told + 1 },
    answer: null,
  });
}

/** Nothing of it is left to tell, and its window is over: a new failure begins a new one. */
export function isOver(record: CauseRecord, now: number): boolean {
  const isTold = record.telling === null && record.further.count === 0;
  return isTold && now >= record.since + CAUSE_WINDOW_MS;
}

const NOTHING: ToldTogether = { failures: [], count: 0, firstAt: 0, lastAt: 0 };

function current(stored: CauseRecord | null, { to, words, at }: OneFailure): CauseRecord {
  if (stored !== null && !isOver(stored, at)) return stored;
  return { to, words, since: at, single: [], further: NOTHING, telling: null, told: 0 };
}

function single(place: number): Telling {
  return { kind: 'single', last: place === CAUSE_SINGLE_NOTICES - 1 };
}

function isListed({ further, telling }: CauseRecord, id: string): boolean {
  return further.failures.includes(id) || telling?.failures.includes(id) === true;
}

function withFailure(further: ToldTogether, id: string, at: number): ToldTogether {
  const { failures, count, firstAt, lastAt } = further;
  return {
    failures: failures.length < CAUSE_LISTED ? [...failures, id] : failures,
    count: count + 1,
    firstAt: count === 0 ? at : Math.min(firstAt, at),
    lastAt: Math.max(lastAt, at),
  };
}
