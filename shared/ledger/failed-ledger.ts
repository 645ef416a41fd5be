import type { MessageKey } from '../mail/message-key.ts';
import type { CauseRecord } from './cause-record.ts';
import type { ComparisonRecord } from './comparison-record.ts';
import type { Transition } from './ledger.ts';

export interface RetryUnderWay {
  readonly key: MessageKey;
  /** The time that the item notes as its last retry. Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Port: failed messages that are tried again. They lie in `Failed/` alone, where the sweep looks at nothing else, so
 * one that fell between two steps is found by this. Contract: `test/contract/retry-ledger.ts`.
 */
export interface RetryLedger {
  /** Written before the item is reset; durable when it resolves. */
  begin(key: MessageKey, at: number): Promise<void>;
  /** Everybody has reached an end. One that was begun later stays. */
  end(key: MessageKey, at: number): Promise<void>;
  underWay(): Promise<readonly RetryUnderWay[]>;
}

/**
 * Port: why mail fails, by cause, so that many failures for one cause are told together. Contract:
 * `test/contract/cause-ledger.ts`.
 */
export interface CauseLedger {
  /** @param cause 64 hexadecimal digits */
  change<Answer>(cause: string, transition: Transition<CauseRecord, Answer>): Promise<Answer>;
  /** All that are remembered, by cause; also those of which nothing is left to tell. */
  all(): Promise<ReadonlyMap<string, CauseRecord>>;
}

/**
 * Port: messages whose copy has to lie in `Failed/`. What it names are candidates: the caller looks at the items.
 * Contract: `test/contract/failed-ledger.ts`.
 */
export interface FailedIndex {
  /** In no order; one that failed a moment ago may be missing. */
  all(): AsyncIterable<MessageKey>;
}

/** Port: the one record of the daily comparison of `Failed/` and the ledger. Contract: `test/contract/failed-ledger.ts`. */
export interface ComparisonLedger {
  read(): Promise<ComparisonRecord | null>;
  change<Answer>(transition: Transition<ComparisonRecord, Answer>): Promise<Answer>;
}
