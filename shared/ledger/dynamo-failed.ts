import { CAUSE_WINDOW_MS } from '../limits.ts';
import { formatKey, parseKey } from '../mail/message-key.ts';
import type { MessageKey } from '../mail/message-key.ts';
import type { CauseRecord } from './cause-record.ts';
import type { ComparisonRecord } from './comparison-record.ts';
import { changeRecord, decodeItem, readRecord } from './dynamo-records.ts';
import type { RecordForm } from './dynamo-records.ts';
import type { Attributes, DynamoTable, ItemKey } from './dynamo-table.ts';
import type { CauseLedger, ComparisonLedger, RetryLedger, RetryUnderWay } from './failed-ledger.ts';

const RETRIES = 'retry';
const CAUSES = 'cause';

/**
 * One small item a retry, all in one partition. Nobody may delete items of the table: what is over is marked, left out
 * of the list, and left to the time to live.
 */
export function dynamoRetries(table: DynamoTable): RetryLedger {
  const keyOf = (key: MessageKey): ItemKey => ({ pk: RETRIES, sk: formatKey(key) });
  return {
    begin: async (key, at) => {
      await table.put(keyOf(key), { t: { N: String(at) } });
    },
    end: async (key, at) => {
      const over = { t: { N: String(at) }, x: { BOOL: true }, expiresAt: seconds(at) };
      await table.put(keyOf(key), over, {
        expression: 'attribute_exists(pk) AND t <= :at',
        values: { ':at': { N: String(at) } },
      });
    },
    underWay: async () => {
      const found: RetryUnderWay[] = [];
      for await (const page of table.partition(RETRIES)) found.push(...page.flatMap(retryIn));
      return found;
    },
  };
}

export function dynamoCauses(table: DynamoTable): CauseLedger {
  return {
    change: (cause, transition) =>
      changeRecord(table, { pk: CAUSES, sk: cause }, causeForm, transition),
    all: async () => {
      const causes = new Map<string, CauseRecord>();
      for await (const page of table.partition(CAUSES)) {
        for (const item of page) {
          const cause = item['sk']?.S ?? '';
          causes.set(cause, decodeItem(table, { pk: CAUSES, sk: cause }, item, causeForm));
        }
      }
      return causes;
    },
  };
}

export function dynamoComparisons(table: DynamoTable): ComparisonLedger {
  const key: ItemKey = { pk: 'comparison', sk: '-' };
  return {
    read: () => readRecord(table, key, comparisonForm),
    change: (transition) => changeRecord(table, key, comparisonForm, transition),
  };
}

const comparisonForm: RecordForm<ComparisonRecord> = {
  name: 'record of the comparison',
  encode: (record) => JSON.stringify(record),
  // Written by this file alone.
  decode: (text) => JSON.parse(text) as ComparisonRecord,
};

const causeForm: RecordForm<CauseRecord> = {
  name: 'record of a cause',
  encode: (record) => JSON.stringify(record),
  // Written by this file alone.
  decode: (text) => JSON.parse(text) as CauseRecord,
  // By then the sweep has passed many times; something left to tell is written anew when it is told.
  expiresAt: ({ since, further, telling }) =>
    Promise.resolve(telling === null && further.count === 0 ? since + 10 * CAUSE_WINDOW_MS : null),
};

function retryIn(item: Attributes): RetryUnderWay[] {
  const key = parseKey(item['sk']?.S ?? '');
  const at = Number(item['t']?.N);
  return key === null || item['x']?.BOOL === true || !Number.isFinite(at) ? [] : [{ key, at }];
}

function seconds(at: number): { readonly N: string } {
  return { N: String(Math.ceil(at / 1000)) };
}
