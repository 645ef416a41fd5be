import {
  ADDRESSES,
  DAY,
  DAY_INDEX,
  FAILED,
  FAILED_INDEX,
  MESSAGE_ID,
} from './dynamo-index-names.ts';

/** A secondary index of the table: string keys, and what it holds beside the keys of index and table. */
export interface LedgerIndex {
  readonly name: string;
  readonly partition: string;
  readonly sort?: string;
  readonly also: readonly string[];
}

/** Said once, for the stack and for the tables of tests. */
export const LEDGER_INDEXES: readonly LedgerIndex[] = [
  { name: DAY_INDEX, partition: DAY, sort: MESSAGE_ID, also: [ADDRESSES] },
  { name: FAILED_INDEX, partition: FAILED, also: [] },
];
